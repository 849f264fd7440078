// Looks for a process that took the place of one that was ended: the same program, under the same unit or parent, started since.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListedProcess, ProcessEvidence, TargetHost } from '../host/targets.ts';
import { startedUs } from './describe-process.ts';

export interface RespawnOptions {
  host: TargetHost;
  /** Boottime from which on a successor may have started. */
  sinceUs: number;
  watchMs: number;
}

const lookMs = 200;
const mostCandidates = 64;
/** Start times are in ticks of 10 ms. */
const tickUs = 10_000;

/** undefined when none came in that time. */
export async function findSuccessor(
  ended: ProcessEvidence,
  options: RespawnOptions,
): Promise<ProcessEvidence | undefined> {
  const untilMs = performance.now() + options.watchMs;
  for (;;) {
    const found = await lookOnce(ended, options);
    if (found || performance.now() >= untilMs) return found;
    await sleep(lookMs);
  }
}

async function lookOnce(
  ended: ProcessEvidence,
  { host, sinceUs }: RespawnOptions,
): Promise<ProcessEvidence | undefined> {
  const young = (process: ListedProcess) =>
    process.pid !== ended.pid && !process.isKernelThread && startedUs(process.startTicks, host) >= sinceUs - tickUs;
  for (const { pid } of host.list().filter(young).slice(-mostCandidates)) {
    try {
      using held = await host.hold(pid);
      if (held && isSuccessor(ended, held.evidence)) return held.evidence;
    } catch {
      continue; // It cannot be read, so nothing can be said of it.
    }
  }
  return undefined;
}

function isSuccessor(ended: ProcessEvidence, young: ProcessEvidence): boolean {
  const isSameProgram =
    young.executable.inode === ended.executable.inode && young.executable.device === ended.executable.device;
  const isReplacedProgram = young.executable.path === ended.executable.path.replace(/ \(deleted\)$/, '');
  const isSamePlace =
    ended.unit !== '' ? young.unit === ended.unit && young.controlGroup === ended.controlGroup : false;
  return (isSameProgram || isReplacedProgram) && (isSamePlace || young.parentPid === ended.parentPid);
}
