// Reads on each reader's own rhythm, one reader at a time, and keeps the last result for whoever looks in between.
import { HostError, messageOf } from '../host-error.ts';

export interface Reader<Value> {
  name: string;
  /** From the end of one reading to the begin of the next, at least. */
  everyMs: number;
  timeoutMs: number;
  read(signal: AbortSignal): Promise<Value>;
}

export interface Reading<Value> {
  value: Value;
  /** When it was there, by the poller's clock. */
  atUs: number;
}

export interface Polled<Value> {
  /** The last that succeeded. The same object until the next. */
  latest(): Reading<Value> | undefined;
  /** Why the last attempt failed; undefined when it did not. */
  failure(): string | undefined;
  /** Rhythm as it is: slower than asked for when reading takes long. */
  everyMs(): number;
}

// A reader rests for this many times as long as it ran, so that the agent's cost stays bounded on a slow or large host.
const REST = 9;
const SLOWEST_MS = 60_000;

interface Job {
  reader: Reader<unknown>;
  latest: Reading<unknown> | undefined;
  failure: string | undefined;
  everyMs: number;
  dueMs: number;
}

export class Poller implements Disposable {
  readonly #jobs: Job[] = [];
  readonly #stopped = new AbortController();
  readonly #nowUs: () => number;
  #timer: NodeJS.Timeout | undefined;
  #busy = false;

  /** `nowUs` dates the readings and drives the rhythm. */
  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  /** Its first reading comes as soon as those added before it are done. */
  add<Value>(reader: Reader<Value>): Polled<Value> {
    const job: Job = { reader, latest: undefined, failure: undefined, everyMs: reader.everyMs, dueMs: 0 };
    this.#jobs.push(job);
    this.#schedule();
    return {
      latest: () => job.latest as Reading<Value> | undefined,
      failure: () => job.failure,
      everyMs: () => job.everyMs,
    };
  }

  [Symbol.dispose](): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#busy || this.#stopped.signal.aborted) return;
    clearTimeout(this.#timer);
    const next = this.#jobs.reduce((first, job) => (job.dueMs < first.dueMs ? job : first));
    // Does not keep the process running by itself.
    this.#timer = setTimeout(() => void this.#run(next), Math.max(0, next.dueMs - this.#nowMs())).unref();
  }

  async #run(job: Job): Promise<void> {
    this.#busy = true;
    const { reader } = job;
    const startedMs = this.#nowMs();
    try {
      const value = await withDeadline(reader, this.#stopped.signal);
      job.latest = { value, atUs: this.#nowUs() };
      job.failure = undefined;
    } catch (error) {
      job.failure = messageOf(error);
    }
    const tookMs = Math.max(0, this.#nowMs() - startedMs);
    job.everyMs = Math.max(reader.everyMs, Math.min(SLOWEST_MS, Math.round(tookMs * REST)));
    job.dueMs = this.#nowMs() + job.everyMs;
    this.#busy = false;
    this.#schedule();
  }

  #nowMs(): number {
    return this.#nowUs() / 1e3;
  }
}

/** Also for readers that do not listen to the signal: what they give later is dropped. */
async function withDeadline<Value>(reader: Reader<Value>, stopped: AbortSignal): Promise<Value> {
  const deadline = new AbortController();
  const signal = AbortSignal.any([stopped, deadline.signal]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `Reading ${reader.name} took longer than ${reader.timeoutMs} ms`;
      reject(new HostError('command-timeout', message, { retryable: true }));
      deadline.abort();
    }, reader.timeoutMs).unref();
  });
  try {
    return await Promise.race([reader.read(signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
