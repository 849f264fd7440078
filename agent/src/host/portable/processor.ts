// How busy all cores were between two looks, by the times that Node reads on every system.
import { cpus } from 'node:os';

export interface ProcessorTimes {
  busy: number;
  total: number;
}

export function readProcessorTimes(): ProcessorTimes {
  const sums = { busy: 0, total: 0 };
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    sums.busy += busy;
    sums.total += busy + times.idle;
  }
  return sums;
}

/** 1000 = every core busy; 0 when no time has passed. */
export function busyPermille(previous: ProcessorTimes, now: ProcessorTimes): number {
  const total = now.total - previous.total;
  if (total <= 0) return 0;
  return Math.min(1000, Math.max(0, Math.round(((now.busy - previous.busy) * 1000) / total)));
}
