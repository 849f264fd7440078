// What this process may do: the effective capabilities of /proc/self/status.
import { readText } from './procfs.ts';

// linux/capability.h
const numbers = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type Capability = keyof typeof numbers;

/** The effective ones of those this agent can use, out of the text of /proc/PID/status. */
export function parseCapabilities(status: string): Set<Capability> {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1] ?? '0'}`);
  const held = Object.entries(numbers).filter(([, bit]) => (mask >> BigInt(bit)) & 1n);
  return new Set(held.map(([name]) => name as Capability));
}

export function ownCapabilities(): Set<Capability> {
  return parseCapabilities(readText('/proc/self/status') ?? '');
}
