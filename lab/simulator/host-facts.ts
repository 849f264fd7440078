// What a simulated host says about itself: name, system, sources and how wrong its wall clock is.
import { formatAddress, type HostFacts, type Source } from '@foretop/proto';
import type { HostAddresses } from './address-book.ts';
import type { Profile } from './profiles/profile.ts';
import type { Random } from './random.ts';

export interface HostDescription {
  facts: HostFacts;
  tier: number;
  sources: Source[];
  interfaceName: string;
  hardwareAddress: string;
}

export function describeHost(
  profile: Profile,
  index: number,
  addresses: HostAddresses,
  random: Random,
): HostDescription {
  const name = `${profile.label}-${String(index + 1).padStart(4, '0')}`;
  const privileged = random.chance(0.85);
  return {
    facts: {
      name,
      os: profile.os,
      kernel: profile.kernel,
      arch: profile.arch ?? 'x86_64',
      platform: 'linux',
      addresses: [formatAddress(addresses.v4), formatAddress(addresses.v6)],
      cpus: profile.cpus,
      memoryBytes: profile.memoryGb * 2 ** 30,
      clockTicks: 100,
    },
    tier: privileged ? 2 : 3,
    sources: sourcesOf(privileged),
    interfaceName: profile.uplink?.name ?? random.pick(['eth0', 'ens18', 'enp1s0']),
    hardwareAddress: ['02', ...Array.from(random.bytes(5), (byte) => byte.toString(16).padStart(2, '0'))].join(':'),
  };
}

function sourcesOf(privileged: boolean): Source[] {
  const source = (name: string, available = true, reason = '', remedy = ''): Source => ({
    name,
    available,
    reason,
    remedy,
  });
  const remedy = 'Run the agent as root, or give it CAP_NET_ADMIN, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.';
  return [
    source('sock_diag'),
    privileged ? source('destroy_events') : source('destroy_events', false, 'CAP_NET_ADMIN is missing', remedy),
    privileged ? source('owners') : source('owners', true, "only the agent's own user's processes are seen", remedy),
    source('processes'),
    source('interfaces'),
  ];
}

const yearUs = 365.25 * 86_400_000_000;

/** Error of the host's wall clock, µs: most are right to some milliseconds, `share` of them are seconds to ten years off. */
export function wallSkewUs(random: Random, share: number): number {
  const small = Math.round((random.unit() - 0.5) * 40_000);
  if (!random.chance(share)) return small;
  const sign = random.chance(0.5) ? 1 : -1;
  return Math.round(sign * random.pick([3_000_000, 3_600_000_000, yearUs, 10 * yearUs]) * (0.5 + random.unit() / 2));
}
