// Brings one group of batches to an end: committed, or retried until it is, with what cannot be stored set aside.
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import { IngestError } from './batch.ts';
import { type CommittedGroup, commitGroup } from './commit.ts';
import type { IngestCounters } from './counters.ts';
import { isDiskFull, isRowsFault } from './failure.ts';
import { type Encoders, poisonBatch, prepareBatch, type PreparedBatch, type PrepareOptions } from './prepare.ts';
import type { Quarantine } from './quarantine.ts';
import type { Entry } from './queue.ts';
import type { CommittedListener } from './accepted.ts';

const firstRetryMs = 100;
const longestRetryMs = 5_000;

export interface SettleOptions {
  pool: pg.Pool;
  quarantine: Quarantine;
  log: Logger;
  counters: IngestCounters;
  /** Read anew for each preparation, since a retry may come much later. */
  prepareOptions(): PrepareOptions;
  /** Told after the commit what each new batch held. */
  onCommitted?: CommittedListener | undefined;
  onCommitFailed?: (() => void) | undefined;
  /** Aborted = give up what is not committed. */
  signal: AbortSignal;
}

export interface Group {
  entries: readonly Entry[];
  prepared: PreparedBatch[];
  encoders: Encoders;
}

/** Lets other work in between batches: opening a large one takes some milliseconds. */
export async function prepareGroup(
  entries: readonly Entry[],
  encoders: Encoders,
  options: PrepareOptions,
): Promise<Group> {
  for (const encoder of Object.values(encoders)) encoder.reset();
  const prepared: PreparedBatch[] = [];
  for (const { batch } of entries) {
    if (prepared.length > 0) await new Promise(setImmediate);
    prepared.push(prepareBatch(batch, encoders, options));
  }
  return { entries, prepared, encoders };
}

/** Resolves or rejects every entry of the group; never throws. */
export async function settleGroup(group: Group, options: SettleOptions): Promise<void> {
  await keepPoison(group, options);
  for (let attempt = 0; ; attempt++) {
    try {
      settleEntries(group, await commitGroup(options.pool, group.prepared, group.encoders), options, attempt);
      return;
    } catch (error) {
      options.counters.commitFailures++;
      options.onCommitFailed?.();
      if (isRowsFault(error, attempt) && (await setAside(group, error, options))) return;
      if (!(await waitToRetry(error, attempt, options))) return giveUp(group);
      // The rows' window moved on while waiting.
      group = await prepareAgain(group, options);
    }
  }
}

async function keepPoison({ prepared }: Group, { quarantine }: SettleOptions): Promise<void> {
  for (const { batch, poison } of prepared) if (poison !== undefined) await quarantine.keep(batch, poison);
}

/** Poison stays poison: what Postgres refused once would be refused again. */
async function prepareAgain({ entries, prepared, encoders }: Group, options: SettleOptions): Promise<Group> {
  const prepareOptions = options.prepareOptions();
  const poisons = prepared.map((batch) => batch.poison);
  const group = await prepareGroup(entries, encoders, prepareOptions);
  group.prepared = group.prepared.map((batch, index) => {
    const poison = poisons[index];
    return poison === undefined ? batch : poisonBatch(batch.batch, encoders, poison, prepareOptions.nowUs);
  });
  return group;
}

function settleEntries(
  { entries, prepared }: Group,
  { results, transaction }: CommittedGroup,
  options: SettleOptions,
  attempt: number,
): void {
  const { counters, log, onCommitted } = options;
  if (attempt > 0) log.info({ event: 'ingest-resumed', attempts: attempt, batches: entries.length });
  counters.commits++;
  for (const [index, result] of results.entries()) {
    counters.count(result, prepared[index]!);
    entries[index]!.resolve(result);
    if (result === 'committed') onCommitted?.(prepared[index]!, transaction);
  }
}

/**
 * Splits a group whose rows were refused: by host, so that one host's rows do not stop another's, then by batch; a batch that
 * is refused alone goes to quarantine. @returns false when there is nothing left to set aside.
 */
async function setAside(group: Group, error: unknown, options: SettleOptions): Promise<boolean> {
  const { entries, prepared, encoders } = group;
  if (entries.length > 1) {
    const hosts = Object.values(Object.groupBy(entries, (entry) => entry.batch.hostId)) as Entry[][];
    for (const part of hosts.length > 1 ? hosts : entries.map((entry) => [entry])) {
      await settleGroup(await prepareGroup(part, encoders, options.prepareOptions()), options);
    }
    return true;
  }
  if (prepared[0]!.poison !== undefined) return false;
  const reason = error instanceof Error ? error.message : String(error);
  const poison = poisonBatch(
    entries[0]!.batch,
    encoders,
    `the database refused its rows: ${reason}`,
    options.prepareOptions().nowUs,
  );
  await settleGroup({ entries, prepared: [poison], encoders }, options);
  return true;
}

/** @returns false when the wait was cut short. */
async function waitToRetry(error: unknown, attempt: number, { log, signal }: SettleOptions): Promise<boolean> {
  const waitMs = Math.min(firstRetryMs * 2 ** attempt, longestRetryMs);
  const event = isDiskFull(error) ? 'database-disk-full' : 'ingest-waits-for-database';
  const remedy = isDiskFull(error)
    ? "The database's disk is full. Free space or lower the retention; agents keep their data meanwhile."
    : 'Nothing is acknowledged until the database answers; agents keep their data meanwhile.';
  const level = attempt === 0 || waitMs === longestRetryMs ? 'warn' : 'debug';
  log[level]({ event, attempt, waitMs, error: error instanceof Error ? error.message : String(error) }, remedy);
  try {
    await sleep(waitMs, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

function giveUp({ entries }: Group): void {
  for (const entry of entries)
    entry.reject(new IngestError('stopping', 'the collector stopped before the batch was committed'));
}
