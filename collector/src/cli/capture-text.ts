// Packets as lines, as a person or a program reads them. Everything in one came from a network: nothing of it steers the terminal.
import { decodePacket, type Packet } from '@foretop/proto/capture';
import { printable } from '../config/printable.ts';

/** "23:15:02.123456 10.0.0.1 > 10.0.0.2 TCP 443 → 50000 [SYN] (66)": the time is that of whoever looks, by the host's clock. */
export function packetLine(packet: Packet, isOfSeveral: boolean): string {
  const { source, destination, protocol, info } = decodePacket(packet);
  const on = isOfSeveral && packet.interface !== '' ? ` ${packet.interface}` : '';
  const ends = source === '' && destination === '' ? '' : `${source} > ${destination} `;
  return printable(`${clockTime(packet.atNs)}${on} ${ends}${protocol} ${info} (${packet.original})`);
}

export function packetJson(host: string, packet: Packet): string {
  const { source, sourcePort, destination, destinationPort, protocol, info } = decodePacket(packet);
  const { number, bytes, original } = packet;
  return JSON.stringify({
    ...{ host, number, at: isoTime(packet.atNs), interface: packet.interface },
    ...{ source, sourcePort, destination, destinationPort, protocol, info },
    ...{ bytes: bytes.length, original },
  });
}

/** Of a JavaScript date. */
const latestMs = 8_640_000_000_000_000n;

function dateOf(ns: bigint): { date: Date; fractionNs: bigint } | undefined {
  const ms = ns / 1_000_000n;
  return ms > latestMs ? undefined : { date: new Date(Number(ms)), fractionNs: ns % 1_000_000_000n };
}

/** HH:MM:SS and microseconds, in the local zone. */
function clockTime(ns: bigint): string {
  const found = dateOf(ns);
  if (!found) return '??:??:??.??????';
  const { date, fractionNs } = found;
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0'));
  return `${parts.join(':')}.${String(fractionNs / 1_000n).padStart(6, '0')}`;
}

/** RFC 3339 with nanoseconds, in UTC. */
function isoTime(ns: bigint): string | null {
  const found = dateOf(ns);
  return found ? `${found.date.toISOString().slice(0, 19)}.${String(found.fractionNs).padStart(9, '0')}Z` : null;
}
