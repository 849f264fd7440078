// TCP (RFC 9293) with its options.
import { hexBytes, hexNumber, u16, u32, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import type { NextLayer } from './next-layer.ts';

const flagNames = [
  [0x02, 'SYN'],
  [0x01, 'FIN'],
  [0x04, 'RST'],
  [0x08, 'PSH'],
  [0x10, 'ACK'],
  [0x20, 'URG'],
  [0x40, 'ECE'],
  [0x80, 'CWR'],
] as const;

export function tcp(d: Dissection, from: number, end: number): NextLayer {
  const { bytes } = d;
  const header = (u8(bytes, from + 12) >> 4) * 4;
  d.layer('Transmission Control Protocol', from, from + Math.max(20, header));
  d.column('TCP', '');
  if (from + 4 > bytes.length) return void d.incomplete(from);
  const [sourcePort, destinationPort] = [u16(bytes, from), u16(bytes, from + 2)];
  d.ports(sourcePort, destinationPort);
  d.field('Source port', sourcePort, from, 2);
  d.field('Destination port', destinationPort, from + 2, 2);
  d.column('TCP', `${sourcePort} → ${destinationPort}`);
  if (from + 20 > bytes.length) return void d.incomplete(from);
  const [sequence, acknowledged] = [u32(bytes, from + 4), u32(bytes, from + 8)];
  const [flags, window] = [u8(bytes, from + 13), u16(bytes, from + 14)];
  const words = flagNames.flatMap(([bit, name]) => (flags & bit ? [name] : [])).join(', ') || 'none';
  d.field('Sequence number', sequence, from + 4, 4);
  d.field('Acknowledgment number', acknowledged, from + 8, 4);
  d.field('Header length', `${header} bytes`, from + 12, 1);
  d.field('Flags', `${words} (${hexNumber(flags, 2)})`, from + 13, 1);
  d.field('Window', window, from + 14, 2);
  d.field('Checksum', hexNumber(u16(bytes, from + 16), 4), from + 16, 2);
  if (flags & 0x20) d.field('Urgent pointer', u16(bytes, from + 18), from + 18, 2);
  if (header < 20 || from + header > end) {
    d.field('Malformed', `header of ${header} bytes`, from + 12, 1);
    return void d.column('TCP', `${sourcePort} → ${destinationPort} [${words}] header of ${header} bytes`);
  }
  const told = options(d, from + 20, Math.min(from + header, bytes.length));
  if (from + header > bytes.length) d.incomplete(from);
  const length = end - from - header;
  d.field('Segment length', length, from + header, 0);
  const acknowledgement = flags & 0x10 ? ` Ack=${acknowledged}` : '';
  d.column(
    'TCP',
    `${sourcePort} → ${destinationPort} [${words}] Seq=${sequence}${acknowledgement} Win=${window} Len=${length}${told}`,
  );
  if (length === 0) return undefined;
  return { kind: 'payload', over: 'TCP', from: from + header, end, sourcePort, destinationPort };
}

/** @returns what of them belongs into the line. */
function options(d: Dissection, from: number, end: number): string {
  const { bytes } = d;
  let told = '';
  // Each takes a byte at least, of 40 at most.
  for (let at = from; at < end;) {
    const kind = u8(bytes, at);
    if (kind === 0) break;
    if (kind === 1) {
      at++;
      continue;
    }
    const size = u8(bytes, at + 1);
    if (size < 2 || at + size > end) {
      d.field('Malformed option', `kind ${kind}, ${size} bytes`, at, 2);
      break;
    }
    if (kind === 2 && size === 4) told += option(d, 'Maximum segment size', 'MSS', u16(bytes, at + 2), at, size);
    else if (kind === 3 && size === 3) told += option(d, 'Window scale', 'WS', 2 ** u8(bytes, at + 2), at, size);
    else if (kind === 4) {
      d.field('SACK permitted', 'yes', at, size);
      told += ' SACK_PERM';
    } else if (kind === 8 && size === 10)
      d.field('Timestamps', `value ${u32(bytes, at + 2)}, echo reply ${u32(bytes, at + 6)}`, at, size);
    else if (kind === 5) d.field('SACK', blocks(bytes, at, size), at, size);
    else d.field(`Option ${kind}`, hexBytes(bytes, at + 2, at + size), at, size);
    at += size;
  }
  return told;
}

function option(d: Dissection, name: string, short: string, value: number, at: number, size: number): string {
  d.field(name, value, at, size);
  return ` ${short}=${value}`;
}

function blocks(bytes: Uint8Array, at: number, size: number): string {
  const edges: string[] = [];
  for (let edge = at + 2; edge + 8 <= at + size; edge += 8) edges.push(`${u32(bytes, edge)}-${u32(bytes, edge + 4)}`);
  return edges.join(', ');
}
