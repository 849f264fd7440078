// All processes at one moment, for a decision: who is whose child.
import { readdirSync } from 'node:fs';
import { readBounded } from './linux/procfs.ts';
import { createProcessStat, parseProcessStat } from './process-stat.linux.ts';
import type { ListedProcess } from './targets.ts';

// include/linux/sched.h
const PF_KTHREAD = 0x00200000;
const statBytes = 2_048;
const zombie = 0x5a;
const dead = 0x58;

/** Those that run; a process that has ended and that nobody has waited for does not. */
export function listProcesses(): ListedProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readListed(Number(name)) ?? []);
}

/** undefined = there is none, or it has ended. */
export function readListed(pid: number): ListedProcess | undefined {
  const bytes = readBounded(`/proc/${pid}/stat`, statBytes);
  const stat = createProcessStat();
  if (!bytes || !parseProcessStat(bytes, bytes.length, stat)) return undefined;
  if (stat.state === zombie || stat.state === dead) return undefined;
  return {
    pid,
    parentPid: stat.parentPid,
    startTicks: stat.startTicks,
    name: bytes.toString('utf8', stat.commStart, stat.commEnd),
    isKernelThread: (stat.flags & PF_KTHREAD) !== 0,
  };
}
