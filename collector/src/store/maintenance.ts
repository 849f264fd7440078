// What the database needs done now and then: partitions ahead, old data out, the size budget kept. With several collectors one does it at a time.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import type { Store } from './database.ts';
import type { DiskBudget } from './disk-budget.ts';
import { dropPartitions, makePartitions } from './partitions.ts';
import { deleteOldFindings } from './queries/findings.ts';
import { deleteOldToolRuns } from './queries/tool-runs.ts';
import type { Retention } from './retention.ts';
import type { Database } from './schema.ts';

const budgetEveryMs = 60_000;
/** A round of maintenance for so many looks at the disk. */
const turnsPerRound = 10;
/** After a failure; twice as long after each further one, up to budgetEveryMs. */
const retryMs = 2_000;
/** Each may have some megabytes; most have some hundred lines. */
const mostToolRuns = 10_000;
/** Any number that no other user of the database's advisory locks has; this one spells "fore". */
const advisoryLock = 0x666f7265;

export interface MaintenanceOptions {
  retention: Retention;
  budget?: DiskBudget;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
}

/** Works at once and every ten minutes from then on; looks at the disk every minute. Disposal waits for the statement under way. */
export function startMaintenance(store: Pick<Store, 'db'>, options: MaintenanceOptions): AsyncDisposable {
  const stop = new AbortController();
  const work = repeat(store.db, options, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await work;
    },
  };
}

async function repeat(db: Kysely<Database>, options: MaintenanceOptions, signal: AbortSignal): Promise<void> {
  const { retention, budget, log, now = Date.now } = options;
  let turnsToRound = 0;
  let failures = 0;
  const attempt = async (event: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures++;
      log.warn({ event, error: String(error), retryMs: waitMs() });
    }
  };
  const waitMs = (): number =>
    failures === 0 ? budgetEveryMs : Math.min(budgetEveryMs, retryMs * 2 ** (failures - 1));
  while (!signal.aborted) {
    const before = failures;
    if (turnsToRound === 0) await attempt('maintenance-failed', () => maintain(db, retention, log, now()));
    turnsToRound = failures > before ? 0 : (turnsToRound || turnsPerRound) - 1;
    if (budget) await attempt('size-budget-failed', () => keepBudget(db, budget));
    if (failures === before) failures = 0;
    await sleep(waitMs(), undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** One round; does nothing while another collector is at it. */
export async function maintain(db: Kysely<Database>, retention: Retention, log: Logger, nowMs: number): Promise<void> {
  await underLock(db, async (connection, locked) => {
    if (!locked) return;
    const made = await makePartitions(connection, retention, nowMs);
    const dropped = await dropPartitions(connection, retention, nowMs);
    if (made.length > 0 || dropped.length > 0) {
      log.info({ event: 'partitions', made: made.length, dropped: dropped.length });
    }
    await deleteOld(connection, retention, nowMs);
  });
}

/** Looks at the disk; drops only where no other collector is at it. */
export const keepBudget = (db: Kysely<Database>, budget: DiskBudget): Promise<void> =>
  underLock(db, (connection, locked) => budget.check(connection, locked));

async function underLock(
  db: Kysely<Database>,
  work: (connection: Kysely<Database>, locked: boolean) => Promise<void>,
): Promise<void> {
  await db.connection().execute(async (connection) => {
    const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_lock(${advisoryLock}) as locked`.execute(
      connection,
    );
    const { locked } = rows[0]!;
    try {
      await work(connection, locked);
    } finally {
      if (locked) await sql`select pg_advisory_unlock(${advisoryLock})`.execute(connection);
    }
  });
}

async function deleteOld(db: Kysely<Database>, retention: Retention, nowMs: number): Promise<void> {
  const daysAgo = (days: number) => new Date(nowMs - days * 86_400_000);
  const yesterday = daysAgo(1);
  // A process is written when it starts and when it exits; that it still runs, only its minutes say.
  await sql`
    update process p set last_seen_at = m.ts
    from (select host_id, process_id, max(ts) as ts from process_1m
          where ts >= ${new Date(nowMs - 600_000)} group by host_id, process_id) m
    where p.host_id = m.host_id and p.process_id = m.process_id and p.last_seen_at < m.ts - interval '1 day'`.execute(
    db,
  );
  await db.deleteFrom('process').where('last_seen_at', '<', daysAgo(retention.process)).execute();
  await db.deleteFrom('gap').where('gap_end', '<', daysAgo(retention.gap)).execute();
  await deleteOldFindings(db, daysAgo(retention.finding));
  await deleteOldToolRuns(db, daysAgo(retention.gap), mostToolRuns);
  // Twice the longest retention: an agent's spool cannot bring back batches of an epoch as old as that.
  await db
    .deleteFrom('agent_cursor')
    .where('updated_at', '<', daysAgo(2 * Math.max(...Object.values(retention as Required<Retention>))))
    .execute();
  await db.deleteFrom('login_code').where('expires_at', '<', yesterday).execute();
  await db.deleteFrom('session').where('expires_at', '<', yesterday).execute();
  await db.deleteFrom('enrol_token').where('expires_at', '<', daysAgo(30)).execute();
}
