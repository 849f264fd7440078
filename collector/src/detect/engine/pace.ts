// Long work in small portions, with the event loop free in between, and its time counted.
import { setTimeout as sleep } from 'node:timers/promises';

/** Counts the CPU time of work that does not wait; by the clock it would seem more on a busy machine. */
export class Stopwatch {
  cpuMs = 0;

  time<Result>(work: () => Result): Result {
    const before = process.threadCpuUsage();
    try {
      return work();
    } finally {
      const after = process.threadCpuUsage();
      this.cpuMs += (after.user + after.system - before.user - before.system) / 1_000;
    }
  }
}

const portion = 256;

/**
 * Hands the list over in portions. `idle`: how long to rest for each millisecond of work; 0 only lets others have their turn.
 * Throws the signal's reason.
 */
export async function inPortions<Item>(
  list: readonly Item[],
  work: (portion: readonly Item[]) => void,
  { idle, signal }: { idle: number; signal: AbortSignal },
): Promise<void> {
  let owedMs = 0;
  for (let at = 0; at < list.length; at += portion) {
    signal.throwIfAborted();
    const startedMs = performance.now();
    work(list.slice(at, at + portion));
    owedMs += (performance.now() - startedMs) * idle;
    if (owedMs < 5) await new Promise<void>((resolve) => setImmediate(resolve));
    else {
      await sleep(owedMs, undefined, { signal });
      owedMs = 0;
    }
  }
}
