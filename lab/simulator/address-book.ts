// Addresses of the simulated world: each host's own, and those of peers that have no agent (documentation ranges and a company network).
import type { Random } from './random.ts';

export interface HostAddresses {
  v4: Uint8Array;
  v6: Uint8Array;
}

/** 10.20.0.1 and fd20::1 for the first host, 250 hosts to a /24. */
export function hostAddresses(index: number): HostAddresses {
  const network = Math.floor(index / 250);
  const v4 = Uint8Array.of(10, 20 + (network >> 8), network & 255, 1 + (index % 250));
  const v6 = new Uint8Array(16);
  v6.set([0xfd, 0x20]);
  v6.set([(index >> 16) & 255, ((index + 1) >> 8) & 255, (index + 1) & 255], 13);
  return { v4, v6 };
}

export const loopback4 = Uint8Array.of(127, 0, 0, 1);
export const any4 = new Uint8Array(4);
export const none = new Uint8Array(0);
export const resolver = Uint8Array.of(10, 99, 0, 53);

/** TEST-NET-1, -2, -3 (RFC 5737) or 2001:db8::/32 (RFC 3849). */
export function internetAddress(random: Random, ipv6: boolean): Uint8Array {
  if (!ipv6) return Uint8Array.of(...random.pick(testNetworks), 1 + random.below(254));
  const address = new Uint8Array(16);
  address.set([0x20, 0x01, 0x0d, 0xb8, random.below(16), 0, 0, random.below(256)]);
  address.set([random.below(256), random.below(256)], 14);
  return address;
}

const testNetworks = [
  [192, 0, 2],
  [198, 51, 100],
  [203, 0, 113],
] as const;

/** A host of the company that has no agent. */
export function intranetAddress(random: Random): Uint8Array {
  return Uint8Array.of(10, 99, 1 + random.below(8), 1 + random.below(250));
}
