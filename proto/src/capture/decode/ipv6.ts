// IPv6 (RFC 8200) with its extension headers. Fragments are not put together.
import { formatAddress } from '../../address.ts';
import { hexNumber, u16, u24, u32, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import type { NextLayer } from './next-layer.ts';
import { protocolName, protocols } from './protocol-numbers.ts';

const mostExtensions = 16;
const extensions: Readonly<Record<number, string>> = {
  [protocols.hopByHop]: 'Hop-by-Hop Option',
  [protocols.routing]: 'Routing Header',
  [protocols.fragment]: 'Fragment Header',
  [protocols.authentication]: 'Authentication Header',
  [protocols.destinationOptions]: 'Destination Options',
  [protocols.mobility]: 'Mobility Header',
  [protocols.hostIdentity]: 'Host Identity Protocol',
  [protocols.shim6]: 'Shim6',
};

export function ipv6(d: Dissection, from: number): NextLayer {
  const { bytes } = d;
  d.layer('Internet Protocol Version 6', from, from + 40);
  d.column('IPv6', '');
  if (from + 40 > bytes.length) return void d.incomplete(from);
  const [source, destination] = [addressAt(bytes, from + 8), addressAt(bytes, from + 24)];
  const [payload, next] = [u16(bytes, from + 4), u8(bytes, from + 6)];
  d.field('Version', u8(bytes, from) >> 4, from, 1);
  d.field('Traffic class', hexNumber((u16(bytes, from) >> 4) & 0xff, 2), from, 2);
  d.field('Flow label', hexNumber(u24(bytes, from + 1) & 0xf_ffff, 5), from + 1, 3);
  d.field('Payload length', payload, from + 4, 2);
  d.field('Next header', protocolName(next), from + 6, 1);
  d.field('Hop limit', u8(bytes, from + 7), from + 7, 1);
  d.field('Source address', source, from + 8, 16);
  d.field('Destination address', destination, from + 24, 16);
  if (u8(bytes, from) >> 4 !== 6) return void d.column('IPv6', 'Malformed header');
  d.ends(source, destination);
  // 0 stands there in a jumbogram (RFC 2675) and when the network card divides the packet.
  return extended(d, next, from + 40, payload === 0 ? bytes.length : from + 40 + payload);
}

function extended(d: Dissection, first: number, from: number, end: number): NextLayer {
  const { bytes } = d;
  let next = first;
  let at = from;
  for (let count = 0; count < mostExtensions && extensions[next] !== undefined; count++) {
    const kind = next;
    d.layer(extensions[kind]!, at, bytes.length);
    if (at + 8 > bytes.length) return void d.incomplete(at);
    const size = kind === protocols.fragment ? 8 : sizeOf(kind, u8(bytes, at + 1));
    d.endLayer(at + size);
    next = u8(bytes, at);
    d.field('Next header', protocolName(next), at, 1);
    if (kind === protocols.fragment) {
      const [bits, id] = [u16(bytes, at + 2), u32(bytes, at + 4)];
      const [offset, more] = [bits & 0xfff8, (bits & 1) === 1];
      d.field('Offset', offset, at + 2, 2);
      d.field('More fragments', more ? 'yes' : 'no', at + 3, 1);
      d.field('Identification', hexNumber(id, 8), at + 4, 4);
      if (offset > 0) {
        d.layer('Data', at + 8, end);
        return void d.column('IPv6', `Fragment of ${protocolName(next)}, offset ${offset}, ID ${hexNumber(id, 8)}`);
      }
    } else d.field('Length', `${size} bytes`, at + 1, 1);
    at += size;
  }
  if (at > bytes.length) return void d.incomplete(at);
  return { kind: 'internet', protocol: next, from: at, end };
}

const sizeOf = (kind: number, units: number): number =>
  kind === protocols.authentication ? 4 * (units + 2) : 8 * (units + 1);

/** As the packet has it: a mapped IPv4 address on the wire is no IPv4 address. */
export function addressAt(bytes: Uint8Array, from: number): string {
  const address = bytes.subarray(from, from + 16);
  const text = formatAddress(address);
  return text.includes(':') ? text : `::ffff:${text}`;
}
