// What kind of host this is: name, system, kernel, size, addresses.
import { arch, availableParallelism, cpus, hostname, machine, networkInterfaces, release, totalmem } from 'node:os';
import { type HostFacts, limits } from '@foretop/proto';
import { openLibc } from './linux/libc.ts';
import { readText } from './linux/procfs.ts';

// bits/confname.h, the same for glibc and musl
const _SC_CLK_TCK = 2;
const _SC_PAGESIZE = 30;

export interface SystemConstants {
  clockTicks: number;
  pageBytes: number;
}

export function readSystemConstants(): SystemConstants {
  const libc = openLibc();
  return { clockTicks: libc.sysconf(_SC_CLK_TCK), pageBytes: libc.sysconf(_SC_PAGESIZE) };
}

export function readFacts(constants: SystemConstants, name: string | undefined): HostFacts {
  return {
    name: (name ?? hostname()).slice(0, limits.nameLength),
    os: parseOsRelease(readText('/etc/os-release') ?? readText('/usr/lib/os-release') ?? ''),
    kernel: release(),
    arch: machine() || arch(),
    platform: process.platform,
    addresses: readAddresses(),
    cpus: cpus().length || availableParallelism(),
    memoryBytes: totalmem(),
    clockTicks: constants.clockTicks,
  };
}

/** PRETTY_NAME of os-release(5), else NAME, else "Linux". */
export function parseOsRelease(text: string): string {
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}=["']?(.*?)["']?$`, 'm').exec(text)?.[1]?.slice(0, limits.nameLength);
  return value('PRETTY_NAME') || value('NAME') || 'Linux';
}

/** Without loopback and link-local (RFC 3927, RFC 4291 section 2.5.6), IPv4 first. */
function readAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal && !/^(?:169\.254\.|fe[89ab])/i.test(entry.address))
    .sort((a, b) => a.family.localeCompare(b.family))
    .map((entry) => entry.address)
    .slice(0, limits.addresses);
}
