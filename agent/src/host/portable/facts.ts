// What kind of host this is, as far as Node says the same way on every system.
import { arch, availableParallelism, cpus, hostname, machine, networkInterfaces, release, totalmem } from 'node:os';
import { type HostFacts, limits } from '@foretop/proto';

/** Process start times are counted in these: hundredths of a second. */
export const CLOCK_TICKS = 100;

export function readPortableFacts(os: string, name: string | undefined): HostFacts {
  return {
    name: (name ?? hostname()).slice(0, limits.nameLength),
    os: os.slice(0, limits.nameLength),
    kernel: release(),
    arch: machine() || arch(),
    platform: process.platform,
    addresses: addresses(),
    cpus: cpus().length || availableParallelism(),
    memoryBytes: totalmem(),
    clockTicks: CLOCK_TICKS,
  };
}

/** Without loopback and link-local (RFC 3927, RFC 4291 section 2.5.6), IPv4 first. */
function addresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal && !/^(?:169\.254\.|fe[89ab])/i.test(entry.address))
    .sort((a, b) => a.family.localeCompare(b.family))
    .map((entry) => entry.address)
    .slice(0, limits.addresses);
}
