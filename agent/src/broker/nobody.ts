// Becoming the user who owns nothing, without calling the C library: the process that does has loaded no native module.
import { readFileSync } from 'node:fs';

// linux/capability.h
const CAP_SETGID = 6;
const CAP_SETUID = 7;
/** On every Linux. */
const nobody = 65_534;

/** With all threads; their capabilities go with it. */
export function becomeNobody(): void {
  process.setgroups!([]);
  process.setgid!(nobody);
  process.setuid!(nobody);
}

export function canBecomeNobody(): boolean {
  const mask = ownCapabilities('CapEff');
  return process.getuid?.() === 0 && ((mask >> BigInt(CAP_SETUID)) & (mask >> BigInt(CAP_SETGID)) & 1n) === 1n;
}

/** Whether this process may do anything that an ordinary user's may not. */
export const isPrivileged = () => ownCapabilities('CapPrm') !== 0n;

function ownCapabilities(set: string): bigint {
  const status = readFileSync('/proc/self/status', 'utf8');
  return BigInt(`0x${new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
}
