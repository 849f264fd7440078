// What IP and links carry that has no dissector: its name, and ports or an index where it has them.
import { hexNumber, u16, u32 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { etherTypeNames } from './ether-types.ts';
import { protocolNames, protocols } from './protocol-numbers.ts';

export function otherNetwork(d: Dissection, type: number, from: number): void {
  const bytes = Math.max(0, d.bytes.length - from);
  const name = etherTypeNames.get(type);
  d.column(name ?? hexNumber(type, 4), `${bytes} bytes`);
  if (bytes > 0) d.layer(name ?? 'Data', from, d.bytes.length);
}

export function otherInternet(d: Dissection, protocol: number, from: number, end: number): void {
  const name = protocolNames.get(protocol);
  d.column(name ?? 'IP', name === undefined ? `Protocol ${protocol}` : '');
  if (from >= d.bytes.length) return;
  d.layer(name ?? 'Data', from, end);
  if (protocol === protocols.esp) d.field('SPI', hexNumber(u32(d.bytes, from), 8), from, 4);
  if (protocol !== protocols.sctp || from + 12 > d.bytes.length) return;
  const [source, destination] = [u16(d.bytes, from), u16(d.bytes, from + 2)];
  d.ports(source, destination);
  d.field('Source port', source, from, 2);
  d.field('Destination port', destination, from + 2, 2);
  d.column('SCTP', `${source} → ${destination}`);
}
