// Addresses as the tools of other systems print them, into bytes.
import { isIP } from 'node:net';
import { unmapAddress } from '@foretop/proto';

export interface Endpoint {
  /** 4 or 16 bytes; empty for every address. */
  address: Uint8Array;
  /** 0 for every port. */
  port: number;
}

const EVERY = new Uint8Array(0);

/** 4 or 16 bytes, IPv4-mapped ones 4; a zone (RFC 4007 section 11) and brackets are left out. Undefined when it is no address. */
export function parseAddress(text: string): Uint8Array | undefined {
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 4) return Uint8Array.from(bare.split('.').map(Number));
  return family === 6 ? unmapAddress(parseIpv6(bare)) : undefined;
}

/** Address and port with `separator` between: `*.22`, `[::1]:443`, `*:*`. Undefined when it is neither address nor `*`. */
export function parseEndpoint(text: string, separator: '.' | ':'): Endpoint | undefined {
  const at = text.lastIndexOf(separator);
  if (at < 0) return undefined;
  const port = parsePort(text.slice(at + 1));
  const host = text.slice(0, at);
  const address = host === '*' ? EVERY : parseAddress(host);
  return port === undefined || address === undefined ? undefined : { address, port };
}

/** 0 for `*`; undefined for what is no port. */
export function parsePort(text: string): number | undefined {
  if (text === '*') return 0;
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

/** The address of every interface, as a socket that is bound to none shows it. */
export function wildcard(family: 4 | 6): Uint8Array {
  return new Uint8Array(family === 4 ? 4 : 16);
}

function parseIpv6(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const [a = 0, b = 0, c = 0, d = 0] = dotted?.[2]?.split('.').map(Number) ?? [];
  const hex = (value: number) => value.toString(16);
  const groups = dotted ? `${dotted[1]}${hex(a * 256 + b)}:${hex(c * 256 + d)}` : text;
  const [head = '', tail] = groups.split('::');
  const split = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = split(head);
  const after = split(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 0xff]));
}
