// IPv4 (RFC 791). Fragments are not put together: each packet is read by itself.
import { hexBytes, hexNumber, ipv4Address, u16, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import type { NextLayer } from './next-layer.ts';
import { protocolName } from './protocol-numbers.ts';

export function ipv4(d: Dissection, from: number): NextLayer {
  const { bytes } = d;
  const header = (u8(bytes, from) & 15) * 4;
  d.layer('Internet Protocol Version 4', from, from + Math.max(20, header));
  d.column('IPv4', '');
  if (from + 20 > bytes.length) return void d.incomplete(from);
  const [source, destination] = [ipv4Address(bytes, from + 12), ipv4Address(bytes, from + 16)];
  const total = u16(bytes, from + 2);
  const [id, fragment, protocol] = [u16(bytes, from + 4), u16(bytes, from + 6), u8(bytes, from + 9)];
  const offset = (fragment & 0x1fff) * 8;
  d.field('Version', u8(bytes, from) >> 4, from, 1);
  d.field('Header length', `${header} bytes`, from, 1);
  d.field('DSCP', u8(bytes, from + 1) >> 2, from + 1, 1);
  d.field('ECN', u8(bytes, from + 1) & 3, from + 1, 1);
  d.field('Total length', total, from + 2, 2);
  d.field('Identification', hexNumber(id, 4), from + 4, 2);
  d.field('Flags', fragmentFlags(fragment), from + 6, 1);
  d.field('Fragment offset', offset, from + 6, 2);
  d.field('Time to live', u8(bytes, from + 8), from + 8, 1);
  d.field('Protocol', protocolName(protocol), from + 9, 1);
  d.field('Header checksum', hexNumber(u16(bytes, from + 10), 4), from + 10, 2);
  d.field('Source address', source, from + 12, 4);
  d.field('Destination address', destination, from + 16, 4);
  if (u8(bytes, from) >> 4 !== 4 || header < 20) {
    d.field('Malformed', `version ${u8(bytes, from) >> 4}, header of ${header} bytes`, from, 1);
    return void d.column('IPv4', 'Malformed header');
  }
  d.ends(source, destination);
  if (header > 20) d.field('Options', hexBytes(bytes, from + 20, from + header), from + 20, header - 20);
  if (from + header > bytes.length) return void d.incomplete(from);
  // 0 stands there when the network card divides the packet.
  const end = total < header ? bytes.length : from + total;
  if (offset === 0) return { kind: 'internet', protocol, from: from + header, end };
  d.layer('Data', from + header, end);
  return void d.column('IPv4', `Fragment of ${protocolName(protocol)}, offset ${offset}, ID ${hexNumber(id, 4)}`);
}

const fragmentFlags = (bits: number): string =>
  [bits & 0x8000 ? 'reserved' : '', bits & 0x4000 ? "don't fragment" : '', bits & 0x2000 ? 'more fragments' : '']
    .filter(Boolean)
    .join(', ') || 'none';
