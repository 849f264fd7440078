// Processes that come and go between two looks at the process table: read the moment they begin to execute, by the process connector.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from './host-error.ts';
import { ProcessConnector } from './linux/process-connector.ts';
import { readBounded } from './linux/procfs.ts';
import type { ProcessDetails } from './process-identity.linux.ts';
import { createProcessStat, parseProcessStat } from './process-stat.linux.ts';

/** A process as it was seen at its exec. */
export interface Glimpse {
  readonly pid: number;
  readonly startTicks: number;
  readonly parentPid: number;
  readonly comm: string;
  readonly details: ProcessDetails;
  /** CLOCK_MONOTONIC; undefined while it runs, or when its end was not told. */
  exitedMonotonicUs: number | undefined;
}

export interface BriefProcesses extends Disposable {
  /** Processes seen since the last call that are in no table; `isKnown` tells of those that a look has, or had at their exit. */
  take(isKnown: (pid: number, startTicks: number) => boolean): Glimpse[];
  /** What it last executed since the last `take`. */
  find(pid: number, startTicks: number): Glimpse | undefined;
  /** Pids of those that executed since the last `take`. */
  executed(): Iterable<number>;
  /** Pids of those that ended since the last `take`; undefined = too many. */
  ended(): Iterable<number> | undefined;
  /** Takes in what the kernel has told so far, which else comes in a moment. */
  hear(): void;
  counters(): BriefCounters;
}

export interface BriefCounters {
  /** How often the kernel had to drop events. */
  overflows: number;
  /** Processes that had ended before they could be looked at, or were beyond what is looked at in a second. */
  missed: number;
  /** Why events come no more; empty while they do. */
  failure: string;
}

const EVENTS_A_DRAIN = 4_096;
const MOST_ENDED = 4_096;
/** Reading one takes about 0.1 ms. */
const GLIMPSES_A_LOOK = 500;
/** Events of so long are taken together, so that a burst of processes wakes the agent 50 times a second at most. */
const PAUSE_MS = 20;
/** Where nothing but names hangs on it. */
export const CALM_PAUSE_MS = 60;
/** Waiting for events is begun anew after so long, for nothing: a process that ends without disposing of this waits that long. */
const WAIT_MS = 2_000;
/** A process is young for so long after its exec: then looks at the whole table have met it. */
const YOUNG_MS = 2_000;

/** Throws HostError where the kernel does not offer it. `readDetails` as for every process. */
export function openBriefProcesses(options: {
  readDetails: (pid: number) => ProcessDetails;
  /** Called some 50 times a second while there are young processes. */
  onYoung?: (young: readonly Glimpse[]) => void;
  connector?: Connector;
  root?: string;
  /** How long events are taken together. */
  pauseMs?: number;
}): BriefProcesses {
  const defaults = { root: '/proc', onYoung: undefined, pauseMs: PAUSE_MS };
  return new Watch({ ...defaults, ...options }, options.connector ?? new ProcessConnector());
}

type Connector = Pick<ProcessConnector, 'drain' | 'wait'> & Disposable;

interface WatchOptions {
  readDetails: (pid: number) => ProcessDetails;
  onYoung: ((young: readonly Glimpse[]) => void) | undefined;
  root: string;
  pauseMs: number;
}

class Watch implements BriefProcesses {
  readonly #connector: Connector;
  readonly #onYoung: WatchOptions['onYoung'];
  readonly #readDetails: (pid: number) => ProcessDetails;
  readonly #root: string;
  readonly #pauseMs: number;
  readonly #stat = createProcessStat();
  readonly #stop = new AbortController();
  /** By pid; of one that executed twice, the newer. */
  #glimpses = new Map<number, Glimpse>();
  /** Those that run, with when they cease to be young. */
  readonly #young = new Map<number, { glimpse: Glimpse; untilMs: number }>();
  #ended = new Set<number>();
  #left = GLIMPSES_A_LOOK;
  readonly #counters: BriefCounters = { overflows: 0, missed: 0, failure: '' };

  constructor(options: WatchOptions, connector: Connector) {
    this.#connector = connector;
    this.#readDetails = options.readDetails;
    this.#onYoung = options.onYoung;
    this.#root = options.root;
    this.#pauseMs = options.pauseMs;
    void this.#run();
  }

  take(isKnown: (pid: number, startTicks: number) => boolean): Glimpse[] {
    const unknown = [...this.#glimpses.values()].filter((glimpse) => !isKnown(glimpse.pid, glimpse.startTicks));
    this.#glimpses = new Map();
    this.#ended = new Set();
    this.#left = GLIMPSES_A_LOOK;
    return unknown;
  }

  find(pid: number, startTicks: number): Glimpse | undefined {
    const glimpse = this.#glimpses.get(pid);
    return glimpse?.startTicks === startTicks ? glimpse : undefined;
  }

  executed(): Iterable<number> {
    return this.#glimpses.keys();
  }

  ended(): Iterable<number> | undefined {
    return this.#ended.size < MOST_ENDED ? this.#ended : undefined;
  }

  hear(): void {
    if (this.#counters.failure !== '') return;
    try {
      this.#drain();
    } catch (error) {
      this.#counters.failure = messageOf(error);
    }
  }

  counters(): BriefCounters {
    return { ...this.#counters };
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#connector[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      while (!signal.aborted) {
        const came = await this.#connector.wait(this.#young.size > 0 ? this.#pauseMs : WAIT_MS);
        if (signal.aborted) return;
        if (came) this.#drain();
        this.#showYoung();
        if (came) await sleep(this.#pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    } catch (error) {
      this.#counters.failure = messageOf(error);
    }
  }

  #drain(): void {
    const { overflows } = this.#connector.drain(EVENTS_A_DRAIN, ({ kind, pid, monotonicUs }) => {
      if (kind === 'exec') this.#glimpse(pid);
      else this.#exited(pid, monotonicUs);
    });
    this.#counters.overflows += overflows;
  }

  #showYoung(): void {
    const nowMs = performance.now();
    for (const [pid, { untilMs }] of this.#young) if (nowMs > untilMs) this.#young.delete(pid);
    if (this.#young.size > 0) this.#onYoung?.([...this.#young.values()].map(({ glimpse }) => glimpse));
  }

  #glimpse(pid: number): void {
    const bytes = this.#left > 0 ? readBounded(`${this.#root}/${pid}/stat`, 2_048) : undefined;
    if (!bytes || !parseProcessStat(bytes, bytes.length, this.#stat)) {
      this.#counters.missed++;
      return;
    }
    this.#left--;
    const { startTicks, parentPid, commStart, commEnd } = this.#stat;
    const comm = bytes.toString('utf8', commStart, commEnd).replace(/\p{Cc}/gu, '\ufffd');
    const details = this.#readDetails(pid);
    // Gone while it was read, or a zombie: what its executable was is not to be had any more.
    if (details.executable === '' && details.commandLine === '') this.#counters.missed++;
    const glimpse = { pid, startTicks, parentPid, comm, details, exitedMonotonicUs: undefined };
    this.#glimpses.set(pid, glimpse);
    if (this.#onYoung) this.#young.set(pid, { glimpse, untilMs: performance.now() + YOUNG_MS });
  }

  #exited(pid: number, monotonicUs: number): void {
    this.#young.delete(pid);
    if (this.#ended.size < MOST_ENDED) this.#ended.add(pid);
    const glimpse = this.#glimpses.get(pid);
    if (glimpse) glimpse.exitedMonotonicUs = monotonicUs;
  }
}
