// Networks in CIDR notation, and what lies in them.
import { parseAddress } from '../../host/portable/address.ts';

export interface Network {
  /** 4 or 16 bytes. */
  address: Uint8Array;
  prefix: number;
}

/** Throws RangeError for what is no network; the host's file was checked before. */
export function network(text: string): Network {
  const [address = '', digits] = text.split('/');
  const bytes = parseAddress(address);
  if (!bytes) throw new RangeError(`'${text}' is no network`);
  const prefix = digits === undefined ? bytes.length * 8 : Number(digits);
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
  const isMapped = bytes.length === 4 && address.includes(':');
  return { address: bytes, prefix: isMapped ? prefix - 96 : prefix };
}

export function contains({ address, prefix }: Network, other: Uint8Array): boolean {
  if (address.length !== other.length || prefix < 0) return false;
  const whole = prefix >> 3;
  for (let at = 0; at < whole; at++) if (address[at] !== other[at]) return false;
  const mask = (0xff00 >> (prefix & 7)) & 0xff;
  return ((address[whole] ?? 0) & mask) === ((other[whole] ?? 0) & mask);
}

export function lieWithin(inner: Network, outer: Network): boolean {
  return inner.prefix >= outer.prefix && contains(outer, inner.address);
}
