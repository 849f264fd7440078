// Committed batches on their way to the detectors: a bounded queue that never holds up ingest, worked off in small portions.
import type { PreparedBatch } from '../../ingest/prepare.ts';
import type { Observation } from '../observation.ts';

/** Rows that may wait; beyond it batches are dropped and counted. */
const mostRows = 400_000;
/** What is done without letting others work: some milliseconds. */
const portion = 256;

export interface Committed {
  prepared: PreparedBatch;
  transaction: bigint;
}

/** A batch that waits, or an observation that came from elsewhere. */
type Waiting = Committed | { observation: Observation };

export interface IntakeOptions {
  /** Observations of a batch; may first look up what is known of its host. */
  map(committed: Committed): Observation[] | Promise<Observation[]>;
  observe(observations: readonly Observation[]): void;
  /** A batch was observed whole; `last`: nothing else of its transaction waits. */
  applied(committed: Committed, last: boolean): void;
  mostRows?: number;
}

export interface Intake {
  /** At once, also before `run`. */
  push(committed: Committed): void;
  pushObservation(observation: Observation): void;
  /** Works until the signal aborts, then what waits. */
  run(signal: AbortSignal): Promise<void>;
  /** When the oldest batch that waits had come, Unix microseconds; undefined = none waits. */
  oldestUs(): number | undefined;
  counters(): { queued_rows: number; dropped_observations_total: number; observations_total: number };
}

export function createIntake(options: IntakeOptions): Intake {
  const most = options.mostRows ?? mostRows;
  const waiting: Waiting[] = [];
  let head = 0;
  let queuedRows = 0;
  let dropped = 0;
  let observed = 0;
  let wake: () => void = () => undefined;

  const admit = (entry: Waiting): void => {
    const rows = rowsOf(entry);
    if (queuedRows + rows > most && queuedRows > 0) {
      dropped += rows;
      return;
    }
    queuedRows += rows;
    waiting.push(entry);
    wake();
  };
  const take = (): Waiting | undefined => {
    const entry = waiting[head];
    if (entry === undefined) return undefined;
    head++;
    if (head > 1_024 && head * 2 > waiting.length) {
      waiting.splice(0, head);
      head = 0;
    }
    return entry;
  };

  const nextBatch = (): Committed | undefined => {
    for (let at = head; at < waiting.length; at++) {
      const entry = waiting[at]!;
      if (!('observation' in entry)) return entry;
    }
    return undefined;
  };

  const work = async (entry: Waiting): Promise<void> => {
    if ('observation' in entry) options.observe([entry.observation]);
    else {
      const observations = await options.map(entry);
      for (let at = 0; at < observations.length; at += portion) {
        if (at > 0) await turn();
        options.observe(observations.slice(at, at + portion));
      }
      observed += observations.length;
      const next = nextBatch();
      options.applied(entry, next?.transaction !== entry.transaction);
    }
    queuedRows -= rowsOf(entry);
  };

  return {
    push: admit,
    pushObservation: (observation) => admit({ observation }),
    async run(signal) {
      const stop = () => wake();
      signal.addEventListener('abort', stop);
      for (;;) {
        const entry = take();
        if (entry !== undefined) {
          await work(entry);
          await turn();
        } else if (signal.aborted) break;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      signal.removeEventListener('abort', stop);
    },
    oldestUs: () => nextBatch()?.prepared.batch.receivedUs,
    counters: () => ({
      queued_rows: queuedRows,
      dropped_observations_total: dropped,
      observations_total: observed,
    }),
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function rowsOf(entry: Waiting): number {
  return 'observation' in entry ? 1 : Math.max(1, entry.prepared.rows);
}
