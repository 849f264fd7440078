// Sums what each process used in each minute of the collector's clock.
import { limits, type ProcessMinute } from '@foretop/proto';
import type { Tick, TrackedProcess } from '../collect/tick.ts';
import { growth } from './counters.ts';

export interface ProcessMinutes {
  observe(tick: Tick): void;
  /** Rows of minutes that are over; all at the end. Processes that did nothing at all have none. */
  take(final: boolean): ProcessMinute[];
}

const minuteUs = 60_000_000;
const secondUs = 1_000_000;
/** A tick lies within half a second of the second that it ends. */
const alignmentUs = 500_000;
const waitingMax = limits.liveProcesses;

interface Totals {
  cpuUs: number;
  rxBytes: number | undefined;
  txBytes: number | undefined;
}

interface Usage {
  process: TrackedProcess;
  startUs: number;
  seconds: number;
  base: Totals;
  /** As the last look found it. */
  readonly last: Totals;
  memoryBytes: number;
  connections: number;
  threads: number;
}

export function createProcessMinutes(offsetUs: () => number): ProcessMinutes {
  const usage = new Map<number, Usage>();
  let minute: number | undefined;
  let done: ProcessMinute[] = [];

  function finish(): void {
    for (const [key, entry] of usage) {
      const row = toRow(entry);
      if (!isIdle(row) && done.length < waitingMax) done.push(row);
      usage.delete(key);
    }
  }

  return {
    observe(tick) {
      // The tick at 12:01:00 is the last second of 12:00.
      const now = Math.floor((tick.boottimeUs + offsetUs() - alignmentUs) / minuteUs);
      const before = now === minute ? undefined : new Map([...usage].map(([key, { last }]) => [key, last]));
      if (before) finish();
      minute = now;
      const seconds = Math.min(60, Math.max(1, Math.round((tick.boottimeUs - tick.previousUs) / secondUs)));
      const first = tick.previousUs === tick.boottimeUs;
      const add = (process: TrackedProcess) => {
        const key = keyOf(process);
        const known = usage.get(key);
        if (known) update(known, process, seconds);
        else usage.set(key, begin(process, tick, seconds, before?.get(key) ?? baseOf(process, tick, first)));
      };
      for (const process of tick.processes.values()) add(process);
      for (const process of tick.exited) add(process);
    },
    take(final) {
      if (final) finish();
      const rows = done;
      done = [];
      return rows;
    },
  };
}

/** Pids are below 2^22 on Linux: this is exact for starts within centuries of uptime. */
function keyOf({ identity: { pid, startTicks } }: TrackedProcess): number {
  return startTicks * 2 ** 22 + pid;
}

/** What counts from now on: all that a new process used, nothing of what an older one used before it was looked at. */
function baseOf(process: TrackedProcess, tick: Tick, first: boolean): Totals {
  const isNew = !first && process.identity.startedUs >= tick.previousUs - secondUs;
  return { cpuUs: isNew ? 0 : process.cpuUs, rxBytes: 0, txBytes: 0 };
}

function begin(process: TrackedProcess, tick: Tick, seconds: number, base: Totals): Usage {
  const empty = { memoryBytes: 0, connections: 0, threads: 0, seconds: 0 };
  const usage = { ...empty, process, startUs: tick.previousUs, base, last: { ...base } };
  update(usage, process, seconds);
  return usage;
}

function update(usage: Usage, process: TrackedProcess, seconds: number): void {
  usage.process = process;
  usage.seconds = Math.min(60, usage.seconds + seconds);
  usage.last.cpuUs = process.cpuUs;
  usage.last.rxBytes = process.rxBytes;
  usage.last.txBytes = process.txBytes;
  usage.memoryBytes = Math.max(usage.memoryBytes, process.memoryBytes);
  usage.connections = Math.max(usage.connections, process.connections);
  usage.threads = Math.max(usage.threads, process.threads);
}

function toRow({ process, startUs, seconds, base, last, memoryBytes, connections, threads }: Usage): ProcessMinute {
  return {
    pid: process.identity.pid,
    startTicks: process.identity.startTicks,
    startUs,
    seconds,
    cpuUs: Math.round(growth(last.cpuUs, base.cpuUs) ?? 0),
    memoryBytes,
    rxBytes: growth(last.rxBytes, base.rxBytes),
    txBytes: growth(last.txBytes, base.txBytes),
    connections,
    threads,
  };
}

function isIdle(row: ProcessMinute): boolean {
  return !row.cpuUs && !row.rxBytes && !row.txBytes && !row.connections;
}
