// UDP (RFC 768).
import { hexNumber, u16 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import type { NextLayer } from './next-layer.ts';

export function udp(d: Dissection, from: number, end: number): NextLayer {
  const { bytes } = d;
  d.layer('User Datagram Protocol', from, from + 8);
  d.column('UDP', '');
  if (from + 4 > bytes.length) return void d.incomplete(from);
  const [sourcePort, destinationPort] = [u16(bytes, from), u16(bytes, from + 2)];
  d.ports(sourcePort, destinationPort);
  d.field('Source port', sourcePort, from, 2);
  d.field('Destination port', destinationPort, from + 2, 2);
  d.column('UDP', `${sourcePort} → ${destinationPort}`);
  if (from + 8 > bytes.length) return void d.incomplete(from);
  const claimed = u16(bytes, from + 4);
  d.field('Length', claimed, from + 4, 2);
  d.field('Checksum', hexNumber(u16(bytes, from + 6), 4), from + 6, 2);
  // 0 is IPv6's way to say that the length does not fit (RFC 2675).
  if (claimed !== 0 && claimed < 8) return void d.field('Malformed', `length of ${claimed} bytes`, from + 4, 2);
  const payloadEnd = claimed >= 8 && from + claimed < end ? from + claimed : end;
  const length = Math.max(0, payloadEnd - from - 8);
  d.column('UDP', `${sourcePort} → ${destinationPort} Len=${length}`);
  if (length === 0) return undefined;
  return { kind: 'payload', over: 'UDP', from: from + 8, end: payloadEnd, sourcePort, destinationPort };
}
