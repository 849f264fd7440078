// The stored history as observations, in slices of time of bounded size: for what came after a checkpoint, and for backtests.
import type { Kysely } from 'kysely';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import {
  type HistoryRows,
  type HistorySlice,
  readProcessesOf,
  readSlice,
  type SliceKind,
} from '../../store/queries/detect-history.ts';
import type { Database } from '../../store/schema.ts';
import type { Observation, ObservationKind } from '../observation.ts';
import { fromRows } from './history-observations.ts';
import type { ProcessFacts } from './process-facts.ts';

export interface HistoryOptions {
  db: Kysely<Database>;
  fromUs: number;
  toUs: number;
  /** undefined: all hosts. */
  hostIds?: readonly number[] | undefined;
  kinds: ReadonlySet<ObservationKind>;
  facts: ProcessFacts;
  cpus(hostId: number): number;
  /** Only rows of transactions that this takes. */
  fence?: Fence | undefined;
  signal: AbortSignal;
}

/** Rows by the transactions that wrote them, as Postgres numbers them (xid8). */
export interface Fence {
  /** No row of an older one is wanted of any host. */
  oldest: bigint;
  takes(hostId: number, transaction: bigint): boolean;
}

export interface HistoryPortion {
  /** In the order in which they happened. */
  observations: Observation[];
  /** The history has been read up to here. */
  reachedUs: number;
}

const firstSliceUs = 600_000_000;
const shortestSliceUs = 1_000_000;
const longestSliceUs = 21_600_000_000;
/** Rows of one kind; a slice with more is read in shorter ones. */
const mostRows = 50_000;

/** Throws what the database throws, and the signal's reason. */
export async function* readHistory(options: HistoryOptions): AsyncGenerator<HistoryPortion, void, undefined> {
  const { db, hostIds, fence, signal, facts } = options;
  const kinds = sliceKinds(options.kinds);
  let sliceUs = firstSliceUs;
  for (let fromUs = options.fromUs; fromUs < options.toUs;) {
    signal.throwIfAborted();
    const toUs = Math.min(fromUs + sliceUs, options.toUs);
    const slice: HistorySlice = { fromUs, toUs, hostIds, oldestTransaction: fence?.oldest, limit: mostRows };
    const rows = await boundedRead(db, (transaction) => readSlice(transaction, kinds, slice));
    const most = Math.max(0, ...Object.values(rows).map((list) => list.length));
    if (most >= mostRows && toUs - fromUs > shortestSliceUs) {
      sliceUs = Math.max(shortestSliceUs, Math.floor((toUs - fromUs) / 4));
      continue;
    }
    const wanted = fence === undefined ? rows : within(rows, fence);
    await lookUp(db, wanted, facts);
    yield { observations: fromRows(wanted, options), reachedUs: toUs };
    fromUs = toUs;
    if (most < mostRows / 8) sliceUs = Math.min(longestSliceUs, sliceUs * 2);
  }
}

const kindsOf: Partial<Record<ObservationKind, readonly SliceKind[]>> = {
  connection: ['segments'],
  dns: ['exchanges'],
  scan: ['scans'],
  process: ['processes'],
  usage: ['processMinutes', 'hostMinutes'],
  agent: ['gaps'],
};

const sliceKinds = (kinds: ReadonlySet<ObservationKind>): SliceKind[] =>
  [...kinds].flatMap((kind) => kindsOf[kind] ?? []);

function within(rows: HistoryRows, fence: Fence): HistoryRows {
  const kept = Object.entries(rows).map(([kind, list]) => [
    kind,
    (list as { hostId: number; transaction: string }[]).filter((row) =>
      fence.takes(row.hostId, BigInt(row.transaction)),
    ),
  ]);
  return Object.fromEntries(kept) as HistoryRows;
}

/** Of the processes that rows name by id: what is not known yet. */
async function lookUp(db: Kysely<Database>, rows: HistoryRows, facts: ProcessFacts): Promise<void> {
  const wanted = new Map<string, { hostId: number; id: string }>();
  for (const list of [rows.segments, rows.exchanges, rows.processMinutes, rows.processes]) {
    for (const { hostId, processId } of list)
      if (processId !== null && facts.find(hostId, processId) === undefined)
        wanted.set(`${hostId} ${processId}`, { hostId, id: processId });
  }
  for (const { hostId, ...process } of await readProcessesOf(db, [...wanted.values()])) facts.keep(hostId, process);
}
