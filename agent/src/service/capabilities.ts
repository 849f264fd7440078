// Which Linux capabilities the service gets: what its tier and its ceiling need, as far as this host can give them.
import type { Capability } from '@foretop/proto/trust';

// linux/capability.h
export const capabilityNumbers = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_KILL: 5,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type CapabilityName = keyof typeof capabilityNumbers;

export const tiers = ['1', '2', '3'] as const;
export type WantedTier = (typeof tiers)[number];

export interface Grant {
  tier: WantedTier;
  ceiling: Capability;
  /** Connections of containers that have a network of their own, on tier 2. */
  otherNamespaces: boolean;
}

/** Owners of sockets and paths of programs that belong to other users. */
const processes = ['CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'] as const;
const byTier: Record<WantedTier, readonly CapabilityName[]> = {
  1: ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN', 'CAP_NET_RAW', ...processes],
  2: ['CAP_NET_ADMIN', 'CAP_NET_RAW', ...processes],
  3: [],
};

/** Sorted by number. */
export function wantedCapabilities({ tier, ceiling, otherNamespaces }: Grant): CapabilityName[] {
  const wanted = new Set<CapabilityName>(byTier[tier]);
  if (otherNamespaces) wanted.add('CAP_SYS_ADMIN');
  // Captures, and tools that make packets of their own.
  if (ceiling !== 'observe') wanted.add('CAP_NET_RAW');
  // Who ends a process reads its executable first, whose ever it is.
  if (ceiling === 'terminate') for (const name of ['CAP_KILL', ...processes] as const) wanted.add(name);
  return [...wanted].sort((one, other) => capabilityNumbers[one] - capabilityNumbers[other]);
}

/** Of `names`, those in the mask (CapBnd, CapEff …) of a text of /proc/PID/status. */
export function capabilitiesIn(status: string, field: string, names: readonly CapabilityName[]): CapabilityName[] {
  const text = new RegExp(`^${field}:\\s*([0-9a-f]{1,16})$`, 'm').exec(status)?.[1];
  const mask = BigInt(`0x${text ?? '0'}`);
  return names.filter((name) => (mask >> BigInt(capabilityNumbers[name])) & 1n);
}
