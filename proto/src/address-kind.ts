// What an address is for, by the registries of special addresses: only public ones have a place.
// https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
import type { AddressKind } from './api-places.ts';

/** The bytes that its prefix reaches into. */
type Network = readonly [bytes: readonly number[], prefix: number, kind: Exclude<AddressKind, 'public'>];

const ipv4: readonly Network[] = [
  [[0], 8, 'reserved'],
  [[10], 8, 'private'],
  // Shared between a provider and its customers (RFC 6598): as private as the rest.
  [[100, 64], 10, 'private'],
  [[127], 8, 'loopback'],
  [[169, 254], 16, 'link-local'],
  [[172, 16], 12, 'private'],
  [[192, 0, 0], 24, 'reserved'],
  [[192, 0, 2], 24, 'reserved'],
  [[192, 168], 16, 'private'],
  [[198, 18], 15, 'reserved'],
  [[198, 51, 100], 24, 'reserved'],
  [[203, 0, 113], 24, 'reserved'],
  [[224], 4, 'multicast'],
  [[240], 4, 'reserved'],
];
const ipv6: readonly Network[] = [
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, 'loopback'],
  [[0xfc], 7, 'private'],
  [[0xfe, 0x80], 10, 'link-local'],
  [[0xff], 8, 'multicast'],
  [[0x20, 0x01, 0x0d, 0xb8], 32, 'reserved'],
  [[0x3f, 0xff, 0], 20, 'reserved'],
  [[0x01, 0, 0, 0, 0, 0, 0, 0], 64, 'reserved'],
];
/** Translates to IPv4 (RFC 6052). */
const nat64 = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

/** Of 4 bytes, or of 16 that are not IPv4-mapped. Of IPv6, only 2000::/3 is given out (RFC 4291 section 2.4). */
export function kindOfAddress(bytes: ArrayLike<number>): AddressKind {
  const special = (bytes.length === 4 ? ipv4 : ipv6).find(([network, prefix]) => within(bytes, network, prefix));
  if (special !== undefined) return special[2];
  if (bytes.length === 4) return 'public';
  return bytes[0]! >> 5 === 1 || within(bytes, nat64, 96) ? 'public' : 'reserved';
}

function within(bytes: ArrayLike<number>, network: readonly number[], prefix: number): boolean {
  const whole = prefix >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== network[i]) return false;
  const rest = prefix & 7;
  return rest === 0 || (bytes[whole]! ^ network[whole]!) >> (8 - rest) === 0;
}
