// ICMPv6 (RFC 4443) with neighbour discovery (RFC 4861) and what errors quote.
import { hexBytes, hexNumber, macAddress, u16, u32, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { etherTypes } from './ether-types.ts';
import { addressAt } from './ipv6.ts';
import type { NextLayer } from './next-layer.ts';

const types: Readonly<Record<number, string>> = {
  1: 'Destination Unreachable',
  2: 'Packet Too Big',
  3: 'Time Exceeded',
  4: 'Parameter Problem',
  128: 'Echo (ping) request',
  129: 'Echo (ping) reply',
  130: 'Multicast Listener Query',
  131: 'Multicast Listener Report',
  132: 'Multicast Listener Done',
  133: 'Router Solicitation',
  134: 'Router Advertisement',
  135: 'Neighbor Solicitation',
  136: 'Neighbor Advertisement',
  137: 'Redirect',
  143: 'Multicast Listener Report v2',
};
const unreachable = [
  'no route to destination',
  'administratively prohibited',
  'beyond scope of source address',
  'address unreachable',
  'port unreachable',
  'source address failed policy',
  'reject route',
];
const mostOptions = 32;

export function icmpv6(d: Dissection, from: number, end: number): NextLayer {
  const { bytes } = d;
  d.layer('Internet Control Message Protocol v6', from, Math.min(end, from + 8));
  d.column('ICMPv6', '');
  if (from + 4 > bytes.length) return void d.incomplete(from);
  const [type, code] = [u8(bytes, from), u8(bytes, from + 1)];
  const word = types[type] ?? `Type ${type}`;
  const why = type === 1 ? (unreachable[code] ?? `code ${code}`) : '';
  d.field('Type', `${word} (${type})`, from, 1);
  d.field('Code', why ? `${why} (${code})` : code, from + 1, 1);
  d.field('Checksum', hexNumber(u16(bytes, from + 2), 4), from + 2, 2);
  d.column('ICMPv6', why ? `${word} (${why})` : word);
  if (from + 8 > bytes.length) return void d.incomplete(from);
  if (type === 128 || type === 129) {
    const [id, sequence] = [hexNumber(u16(bytes, from + 4), 4), u16(bytes, from + 6)];
    d.field('Identifier', id, from + 4, 2);
    d.field('Sequence', sequence, from + 6, 2);
    d.column('ICMPv6', `${word} id=${id}, seq=${sequence}`);
    if (end > from + 8 && bytes.length > from + 8) d.layer('Data', from + 8, end);
  } else if (type >= 133 && type <= 137) neighbour(d, type, word, from, end);
  if (type === 2) d.field('MTU', u32(bytes, from + 4), from + 4, 4);
  if (type < 1 || type > 4 || from + 8 >= bytes.length) return undefined;
  d.quote();
  return { kind: 'network', etherType: etherTypes.ipv6, from: from + 8 };
}

/** Where the options begin, by type. */
const optionsAt: Readonly<Record<number, number>> = { 133: 8, 134: 16, 135: 24, 136: 24, 137: 40 };

function neighbour(d: Dissection, type: number, word: string, from: number, end: number): void {
  const { bytes } = d;
  const at = from + optionsAt[type]!;
  d.endLayer(end);
  if (at > bytes.length) return d.incomplete(from);
  let told = word;
  if (type === 134) {
    d.field('Current hop limit', u8(bytes, from + 4), from + 4, 1);
    d.field('Flags', hexNumber(u8(bytes, from + 5), 2), from + 5, 1);
    d.field('Router lifetime', `${u16(bytes, from + 6)} s`, from + 6, 2);
  }
  if (type >= 135) {
    const target = addressAt(bytes, from + 8);
    d.field('Target address', target, from + 8, 16);
    told += type === 135 ? ` for ${target}` : ` ${target}`;
  }
  if (type === 137) d.field('Destination address', addressAt(bytes, from + 24), from + 24, 16);
  d.column('ICMPv6', told + options(d, at, Math.min(end, bytes.length)));
}

function options(d: Dissection, from: number, end: number): string {
  const { bytes } = d;
  let told = '';
  for (let at = from, count = 0; at + 8 <= end && count < mostOptions; count++) {
    const [kind, size] = [u8(bytes, at), u8(bytes, at + 1) * 8];
    if (size === 0 || at + size > end) break;
    if ((kind === 1 || kind === 2) && size === 8) {
      const address = macAddress(bytes, at + 2);
      d.field(kind === 1 ? 'Source link-layer address' : 'Target link-layer address', address, at, size);
      told = kind === 1 ? ` from ${address}` : ` is at ${address}`;
    } else if (kind === 3 && size === 32)
      d.field('Prefix', `${addressAt(bytes, at + 16)}/${u8(bytes, at + 2)}`, at, size);
    else if (kind === 5 && size === 8) d.field('MTU', u32(bytes, at + 4), at, size);
    else d.field(`Option ${kind}`, hexBytes(bytes, at + 2, at + size), at, size);
    at += size;
  }
  return told;
}
