// Values of logs as numbers, times and addresses, or nothing where they are none.
import { isIP } from 'node:net';

/** What a row of any log says under a name; undefined where it says nothing. */
export type Row = (name: string) => string | undefined;

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

export function addressOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const family = isIP(text);
  if (family === 4) return text;
  return family === 6 ? (mapped.exec(text)?.[1] ?? text.toLowerCase()) : undefined;
}

/** Decimal, or hexadecimal as Argus writes ICMP's; 0 where there is none. */
export function portOf(text: string | undefined): number {
  const port = text === undefined || text === '' ? 0 : Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : 0;
}

/** Not negative. */
export function countOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const count = Number(text);
  return Number.isFinite(count) && count >= 0 && count <= Number.MAX_SAFE_INTEGER ? Math.round(count) : undefined;
}

export function secondsToUs(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const seconds = Number(text);
  // The latest that Date can show.
  return Number.isFinite(seconds) && seconds >= 0 && seconds <= 8.64e12 ? Math.round(seconds * 1e6) : undefined;
}

const dated = /^(\d{4})[-/](\d{2})[-/](\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:?\d{2})?$/;

/** Seconds since the epoch, ISO 8601, or Argus's "2011/08/18 15:40:53.826372"; without a zone it is taken for UTC. */
export function timeUsOf(text: string | undefined): number | undefined {
  const seconds = secondsToUs(text);
  if (seconds !== undefined || text === undefined) return seconds;
  const match = dated.exec(text.trim());
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const offset = zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const wholeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`);
  return Number.isNaN(wholeMs) || wholeMs < 0
    ? undefined
    : wholeMs * 1_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

const names: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  icmp: 1,
  icmp6: 58,
  'ipv6-icmp': 58,
  igmp: 2,
  gre: 47,
  esp: 50,
  ah: 51,
  sctp: 132,
  rtp: 17,
  rtcp: 17,
  udt: 17,
};

/** IANA's number; ICMP between IPv6 addresses is 58. 0 = not known. */
export function protocolOf(text: string | undefined, address: string): number {
  const name = (text ?? '').toLowerCase();
  const protocol = names[name] ?? (/^\d{1,3}$/.test(name) ? Number(name) : 0);
  return protocol === 1 && address.includes(':') ? 58 : protocol;
}
