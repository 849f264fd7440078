// Keeps the database within its size budget: the oldest history goes first, today's never, and what went is on record.
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DiskReader, FreeSpace } from './disk-use.ts';
import { emptyPartition, listFilledPartitions, type Partition, type PartitionedTable } from './partitions.ts';
import type { Database } from './schema.ts';
import { SettledRowsDropper } from './settled-rows.ts';

/** What is given up first: each step from its oldest day on, the next step only when nothing but today is left of the one before. */
export const sacrificeOrder: readonly (readonly PartitionedTable[])[] = [
  ['metric_chunk', 'connection_segment', 'dns_exchange', 'tool_packets'],
  ['process_1m', 'metric_1m', 'scan_evidence'],
];

/** What people look up by the instant: every host's ledger says that it went. */
const leavesGap: ReadonlySet<PartitionedTable> = new Set(['connection_segment', 'dns_exchange']);

export interface DiskBudgetState {
  /** undefined = no budget is set. */
  maxBytes: number | undefined;
  /** undefined = not measured yet. */
  databaseBytes: number | undefined;
  quarantineBytes: number | undefined;
  /** Both together, which is what the budget is of. */
  usedBytes: number | undefined;
  freeSpace: FreeSpace | undefined;
  /** Free space is so low that Postgres may soon not be able to write. */
  lowOnSpace: boolean;
  /** More is used than the budget has, and nothing but today's data could go, or what went keeps its room for now. */
  overBudget: boolean;
  /** Since the start. */
  droppedPartitions: number;
  droppedBytes: number;
  /** Messages that were sent, and findings: settled ones, then open ones of which nothing was seen for long. */
  droppedRows: number;
}

export interface DiskBudget {
  /** Measures, and where `mayDrop` drops until the budget holds. Throws what the database throws. */
  check(db: Kysely<Database>, mayDrop: boolean): Promise<void>;
  state(): Readonly<DiskBudgetState>;
  /** For /metrics. */
  counters(): Record<string, number>;
}

export interface DiskBudgetOptions {
  maxBytes: number | undefined;
  reader: DiskReader;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
}

const dayMs = 86_400_000;
const sayAgainMs = 3_600_000;

export function createDiskBudget({ maxBytes, reader, log, now = Date.now }: DiskBudgetOptions): DiskBudget {
  const state: DiskBudgetState = {
    maxBytes,
    databaseBytes: undefined,
    quarantineBytes: undefined,
    usedBytes: undefined,
    freeSpace: undefined,
    lowOnSpace: false,
    overBudget: false,
    droppedPartitions: 0,
    droppedBytes: 0,
    droppedRows: 0,
  };
  const settled = new SettledRowsDropper();
  const saidMs = new Map<string, number>();
  /** At most once an hour for each event, as long as it lasts. */
  const say = (event: string, lasts: boolean, level: 'warn' | 'error', details: object, text: string): void => {
    if (!lasts) return void saidMs.delete(event);
    if (now() - (saidMs.get(event) ?? -Infinity) < sayAgainMs) return;
    saidMs.set(event, now());
    log[level]({ event, ...details }, text);
  };

  const measure = async (): Promise<number> => {
    state.databaseBytes = await reader.databaseBytes();
    state.quarantineBytes = await reader.quarantineBytes();
    state.usedBytes = state.databaseBytes + state.quarantineBytes;
    return state.usedBytes;
  };

  const drop = async (db: Kysely<Database>, budget: number): Promise<void> => {
    const victims = inOrder(await listFilledPartitions(db), Math.floor(now() / dayMs));
    for (const victim of victims) {
      const before = await measure();
      if (before <= budget) return;
      await emptyPartition(db, victim, leavesGap.has(victim.table));
      const droppedBytes = Math.max(0, before - (await measure()));
      state.droppedPartitions++;
      state.droppedBytes += droppedBytes;
      const { table, day } = victim;
      const { usedBytes } = state;
      log.warn(
        { event: 'size-budget-dropped', table, day: dayText(day), droppedBytes, usedBytes, maxBytes: budget },
        `The size budget is used up: ${table} of ${dayText(day)} was dropped. Raise --max-disk or lower the retention.`,
      );
    }
    await dropSettled(db, budget);
  };

  const dropSettled = async (db: Kysely<Database>, budget: number): Promise<void> => {
    const before = await measure();
    if (before <= budget) return;
    const midnight = new Date(Math.floor(now() / dayMs) * dayMs);
    const dropped = await settled.drop(db, midnight, async () => (await measure()) - budget);
    const droppedBytes = Math.max(0, before - (await measure()));
    state.droppedBytes += droppedBytes;
    if (dropped.length === 0) return;
    for (const { rows } of dropped) state.droppedRows += rows;
    const what = dropped.map(({ table, rows }) => `${rows} of ${table}`).join(', ');
    log.warn(
      { event: 'size-budget-dropped-rows', dropped, droppedBytes, usedBytes: state.usedBytes, maxBytes: budget },
      `The size budget is used up by more than history: ${what} were dropped, settled ones first, and of those the oldest. Raise --max-disk.`,
    );
  };

  const watchFreeSpace = async (): Promise<void> => {
    state.freeSpace = await reader.freeSpace();
    state.lowOnSpace = state.freeSpace !== undefined && isLow(state.freeSpace);
    const text = 'The disk is almost full; Postgres stops when it is. Free space, or set or lower --max-disk.';
    say('disk-space-low', state.lowOnSpace, 'warn', { ...state.freeSpace }, text);
  };

  return {
    async check(db, mayDrop) {
      await watchFreeSpace();
      const used = await measure();
      if (maxBytes === undefined) return;
      if (used > maxBytes && mayDrop) await drop(db, maxBytes);
      state.overBudget = mayDrop && state.usedBytes! > maxBytes;
      const text = settled.waits
        ? 'The size budget does not hold: rows that were dropped take room until a transaction that began before is over.'
        : "The size budget does not hold: today's data and the tables of hosts alone take more. Raise --max-disk.";
      say('size-budget-exceeded', state.overBudget, 'error', { usedBytes: state.usedBytes, maxBytes }, text);
    },
    state: () => state,
    counters: () => ({
      database_bytes: state.databaseBytes ?? NaN,
      quarantine_bytes: state.quarantineBytes ?? NaN,
      used_bytes: state.usedBytes ?? NaN,
      budget_bytes: maxBytes ?? NaN,
      free_bytes: state.freeSpace?.freeBytes ?? NaN,
      low_on_space: Number(state.lowOnSpace),
      over_budget: Number(state.overBudget),
      dropped_partitions_total: state.droppedPartitions,
      dropped_bytes_total: state.droppedBytes,
      dropped_rows_total: state.droppedRows,
    }),
  };
}

/** A twentieth of the disk, between 1 and 10 GB. */
const isLow = ({ freeBytes, totalBytes }: FreeSpace) => freeBytes < Math.min(Math.max(totalBytes / 20, 1e9), 10e9);

/** What may go, first to go first. `today` counts days from 1970-01-01. */
function inOrder(partitions: readonly Partition[], today: number): Partition[] {
  return sacrificeOrder.flatMap((tables) =>
    partitions
      .filter(({ table, day }) => tables.includes(table) && day < today)
      .sort((a, b) => a.day - b.day || tables.indexOf(a.table) - tables.indexOf(b.table)),
  );
}

const dayText = (day: number) => new Date(day * dayMs).toISOString().slice(0, 10);
