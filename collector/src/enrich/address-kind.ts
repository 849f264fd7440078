// What an address is for, by the registries of special addresses: only public ones have a place.
// https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
import { isIPv4 } from 'node:net';
import type { AddressKind } from '@foretop/proto/api';
import { parseAddress } from './parse-address.ts';

type Special = Exclude<AddressKind, 'public'>;

const ipv4: [network: string, prefix: number, kind: Special][] = [
  ['0.0.0.0', 8, 'reserved'],
  ['10.0.0.0', 8, 'private'],
  // Shared between a provider and its customers (RFC 6598): as private as the rest.
  ['100.64.0.0', 10, 'private'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'reserved'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'reserved'],
  ['198.51.100.0', 24, 'reserved'],
  ['203.0.113.0', 24, 'reserved'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved'],
];
const ipv6: [network: string, prefix: number, kind: Special][] = [
  ['::1', 128, 'loopback'],
  ['fc00::', 7, 'private'],
  ['fe80::', 10, 'link-local'],
  ['ff00::', 8, 'multicast'],
  ['2001:db8::', 32, 'reserved'],
  ['3fff::', 20, 'reserved'],
  ['100::', 64, 'reserved'],
];

const networks = {
  4: ipv4.map(([network, prefix, kind]) => ({ bytes: parseAddress(network)!, prefix, kind })),
  16: ipv6.map(([network, prefix, kind]) => ({ bytes: parseAddress(network)!, prefix, kind })),
};

/** Of IPv6, only 2000::/3 is given out (RFC 4291 section 2.4), and 64:ff9b::/96 translates to IPv4 (RFC 6052). */
export function addressKind(address: string): AddressKind {
  const bytes = parseAddress(address);
  if (bytes === undefined) return 'reserved';
  const special = networks[bytes.length as 4 | 16].find(({ bytes: network, prefix }) => within(bytes, network, prefix));
  if (special !== undefined) return special.kind;
  if (isIPv4(address) || bytes.length === 4) return 'public';
  return bytes[0]! >> 5 === 1 || within(bytes, nat64, 96) ? 'public' : 'reserved';
}

const nat64 = parseAddress('64:ff9b::')!;

/** Both of one family. */
function within(bytes: Uint8Array, network: Uint8Array, prefix: number): boolean {
  const whole = prefix >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== network[i]) return false;
  const rest = prefix & 7;
  return rest === 0 || (bytes[whole]! ^ network[whole]!) >> (8 - rest) === 0;
}
