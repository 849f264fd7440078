// ICMP (RFC 792): echoes, errors with the packet that they quote, redirects.
import { hexNumber, ipv4Address, u16, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { etherTypes } from './ether-types.ts';
import type { NextLayer } from './next-layer.ts';

const types: Readonly<Record<number, string>> = {
  0: 'Echo (ping) reply',
  3: 'Destination unreachable',
  4: 'Source quench',
  5: 'Redirect',
  8: 'Echo (ping) request',
  9: 'Router advertisement',
  10: 'Router solicitation',
  11: 'Time-to-live exceeded',
  12: 'Parameter problem',
  13: 'Timestamp request',
  14: 'Timestamp reply',
};
const unreachable = [
  'Network unreachable',
  'Host unreachable',
  'Protocol unreachable',
  'Port unreachable',
  'Fragmentation needed',
  'Source route failed',
  'Network unknown',
  'Host unknown',
  'Source host isolated',
  'Network administratively prohibited',
  'Host administratively prohibited',
  'Network unreachable for TOS',
  'Host unreachable for TOS',
  'Communication administratively filtered',
];
/** Those that quote what caused them. */
const errors = new Set([3, 4, 5, 11, 12]);

export function icmp(d: Dissection, from: number, end: number): NextLayer {
  const { bytes } = d;
  d.layer('Internet Control Message Protocol', from, Math.min(end, from + 8));
  d.column('ICMP', '');
  if (from + 4 > bytes.length) return void d.incomplete(from);
  const [type, code] = [u8(bytes, from), u8(bytes, from + 1)];
  const word = types[type] ?? `Type ${type}`;
  const why = type === 3 ? (unreachable[code] ?? `code ${code}`) : '';
  d.field('Type', `${word} (${type})`, from, 1);
  d.field('Code', why ? `${why} (${code})` : code, from + 1, 1);
  d.field('Checksum', hexNumber(u16(bytes, from + 2), 4), from + 2, 2);
  d.column('ICMP', why ? `${word} (${why})` : word);
  if (from + 8 > bytes.length) return void d.incomplete(from);
  if (type === 0 || type === 8 || type === 13 || type === 14) {
    const [id, sequence] = [hexNumber(u16(bytes, from + 4), 4), u16(bytes, from + 6)];
    d.field('Identifier', id, from + 4, 2);
    d.field('Sequence number', sequence, from + 6, 2);
    d.column('ICMP', `${word} id=${id}, seq=${sequence}`);
    if (end > from + 8 && bytes.length > from + 8) d.layer('Data', from + 8, end);
    return undefined;
  }
  if (type === 3 && code === 4) d.field('MTU of next hop', u16(bytes, from + 6), from + 6, 2);
  if (type === 5) d.field('Gateway address', ipv4Address(bytes, from + 4), from + 4, 4);
  if (!errors.has(type) || from + 8 >= bytes.length) return undefined;
  d.quote();
  return { kind: 'network', etherType: etherTypes.ipv4, from: from + 8 };
}
