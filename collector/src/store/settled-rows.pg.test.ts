// The size budget where history alone is not enough: sent messages, then findings, and that the room they took comes back.
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testDatabase, testStore } from '../../test/postgres.ts';
import type { Store } from './database.ts';
import { createDiskBudget, type DiskBudget, type DiskBudgetState } from './disk-budget.ts';
import { diskReader, type DiskReader } from './disk-use.ts';
import { keepBudget } from './maintenance.ts';
import type { SettledRows } from './settled-rows.ts';

const dayMs = 86_400_000;
const today = Date.UTC(2031, 2, 15, 12);

let store: Store;
let logged: Record<string, unknown>[];
const log = pino({ base: null }, { write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>) });

beforeEach(async () => {
  logged = [];
  store = await testStore();
});
afterEach(() => store[Symbol.asyncDispose]());

const at = (daysAgo: number) => new Date(today - daysAgo * dayMs);
const addHost = (name: string, enrolledDaysAgo: number) =>
  sql`insert into host (name, enrolled_at) values (${name}, ${at(enrolledDaysAgo)})`.execute(store.db);

const isHeldUp = ({ event, msg }: Record<string, unknown>) =>
  event === 'size-budget-exceeded' && String(msg).includes('until a transaction');
/** Looks again, as the collector does, where somebody's snapshot (autovacuum's, when it analyzes) keeps what went from giving room. */
async function keepUntilRoom(budget: DiskBudget): Promise<Readonly<DiskBudgetState>> {
  const before = logged.length;
  for (let look = 0; look < 100; look++) {
    await keepBudget(store.db, budget);
    if (!budget.state().overBudget || !logged.slice(before).some(isHeldUp)) break;
    await sleep(100);
  }
  return budget.state();
}

/** What Postgres reports, on a disk that has room, whatever the one of this machine has. */
const realSize = (): DiskReader => ({
  ...diskReader(store, tmpdir(), '/nonexistent'),
  freeSpace: async () => ({ freeBytes: 50e9, totalBytes: 100e9 }),
});
const addFindings = (state: string, count: number, daysAgo: number) =>
  sql`insert into finding (host_id, group_key, detector, key, severity, state, score, summary, peer, process, executable,
      first_seen_at, last_seen_at, episode_start, episode_count, earlier_count, told_count, evidence, links, state_at)
    select 1, ${state} || ' ' || ${daysAgo}::text || ' ' || i, 'port-scan', '{}', 1, ${state}, 1, 's', '', '', '', ${at(daysAgo)},
      ${at(daysAgo)}, ${at(daysAgo)}, 1, 0, 1, '[]', '{}', ${at(daysAgo)} from generate_series(1, ${count}::int) i`.execute(
    store.db,
  );
/** About 1.1 kB each, as timelines take most of what findings take. */
const addEvents = () =>
  sql`insert into finding_event (host_id, group_key, at, kind, by_whom, severity, count, text, evidence)
    select host_id, group_key, last_seen_at, 'opened', '', 1, 1, repeat('x', 1000), '[]' from finding`.execute(
    store.db,
  );
const addMessages = (state: string, daysAgo: number | null, bytes: number) =>
  sql`insert into notification_message (channel_id, kind, count, subject, content, state, created_at, ended_at, sent)
    select channel_id, 'findings', 1, ${state}, '{}', ${state}, ${at(40)}, ${daysAgo === null ? null : at(daysAgo)}::timestamptz,
      (select string_agg(md5(i::text), '') from generate_series(1, ${bytes / 32}::int) i) from notification_channel`.execute(
    store.db,
  );
const findingsLeft = async () => {
  const { rows } = await sql<{ what: string; rows: number; events: number }>`
    select state || ' ' || (${at(0)}::date - last_seen_at::date) as what, count(*)::int4 as rows,
           sum((select count(*) from finding_event e where e.group_key = f.group_key))::int4 as events
      from finding f group by 1 order by 1`.execute(store.db);
  return rows.map(({ what, rows: count, events }) => `${what}: ${count} with ${events}`);
};

test('at last sent messages go, then settled findings; open ones, what was given up and what is of today stay', async () => {
  await addHost('h', 30);
  await sql`insert into notification_channel (name, enabled, settings) values ('c', true, '{}')`.execute(store.db);
  for (const [state, count, daysAgo] of [
    ...([
      ['resolved', 4_000, 9],
      ['muted', 4_000, 5],
      ['resolved', 10, 0],
    ] as const),
    ...([
      ['new', 100, 8],
      ['acknowledged', 100, 8],
    ] as const),
  ])
    await addFindings(state, count, daysAgo);
  await addEvents();
  for (const state of ['sent', 'dropped', 'dead']) await addMessages(state, 3, 1_600_000);
  await addMessages('sent', 0, 1_600_000);
  await addMessages('waiting', null, 1_600_000);
  await sql`vacuum`.execute(store.db);
  const reader = realSize();
  const full = await reader.databaseBytes();
  const keep = (maxBytes: number) => keepUntilRoom(createDiskBudget({ maxBytes, reader, log, now: () => today }));

  expect(await keep(full - 500_000)).toMatchObject({ droppedRows: 1, overBudget: false });
  const afterMessages = await reader.databaseBytes();
  expect(full - afterMessages).toBeGreaterThan(500_000);
  expect(await findingsLeft()).toHaveLength(5);

  expect(await keep(afterMessages - 3e6)).toMatchObject({ overBudget: false });
  const messages = await sql<{ state: string }>`select state from notification_message order by state`.execute(
    store.db,
  );
  expect(messages.rows.map(({ state }) => state)).toEqual(['dead', 'sent', 'waiting']);
  const left = await findingsLeft();
  expect(left.map((line) => line.replace(/: .*/, ''))).toEqual([
    ...['acknowledged 8', 'muted 5', 'new 8', 'resolved 0', 'resolved 9'],
  ]);
  expect(left).toContain('muted 5: 4000 with 4000');
  const told = logged.filter((line) => !isHeldUp(line));
  expect(new Set(told.map(({ event }) => event))).toEqual(new Set(['size-budget-dropped-rows']));
  expect(told.flatMap(({ dropped }) => (dropped as SettledRows[]).map(({ table }) => table))).toEqual([
    ...['notification_message', 'notification_message', 'finding'],
  ]);

  expect(await keep(1)).toMatchObject({ overBudget: true });
  expect(await findingsLeft()).toEqual([
    ...['acknowledged 8: 100 with 100', 'new 8: 100 with 100', 'resolved 0: 10 with 10'],
  ]);
});

test('what an open transaction may still read keeps its room: nothing more goes for that, and the room comes after it', async () => {
  await addHost('h', 30);
  await sql`insert into notification_channel (name, enabled, settings) values ('c', true, '{}')`.execute(store.db);
  await addFindings('resolved', 4_000, 9);
  await addEvents();
  await addMessages('sent', 3, 1_600_000);
  const reader = realSize();
  const budget = createDiskBudget({
    ...{ maxBytes: (await reader.databaseBytes()) - 500_000, reader, log, now: () => today },
  });
  const older = await store.pool.connect();
  try {
    await older.query('begin isolation level repeatable read');
    await older.query('select 1');
    for (let round = 0; round < 2; round++) {
      await keepBudget(store.db, budget);
      expect(budget.state()).toMatchObject({ droppedRows: 1, overBudget: true });
    }
    expect(logged).toMatchObject([
      { event: 'size-budget-dropped-rows', dropped: [{ table: 'notification_message', rows: 1 }] },
      { event: 'size-budget-exceeded', msg: expect.stringContaining('until a transaction') as string },
    ]);
  } finally {
    await older.query('rollback');
    older.release();
  }
  await keepBudget(store.db, budget);
  expect(budget.state()).toMatchObject({ droppedRows: 1, overBudget: false });
  expect(budget.state().droppedBytes).toBeGreaterThan(500_000);
  expect(await findingsLeft()).toEqual(['resolved 9: 4000 with 4000']);
});

test('a writer in another database makes snapshots here as old as it is: what they hold is waited for too', async () => {
  await addHost('h', 30);
  await addFindings('resolved', 4_000, 9);
  await addEvents();
  await using elsewhere = await testDatabase();
  const client = new pg.Client(elsewhere.url);
  await client.connect();
  await client.query('begin');
  await client.query('select pg_current_xact_id()');
  const reading = new AbortController();
  const reader = realSize();
  const budget = createDiskBudget({
    ...{ maxBytes: (await reader.databaseBytes()) - 2e6, reader, log, now: () => today },
  });
  const snapshots = (async () => {
    while (!reading.signal.aborted)
      await store.pool
        .query(`do $$ begin perform count(*) from host; perform pg_sleep(0.03); end $$`)
        .then(() => sleep(20));
  })();
  for (let look = 0; look < 10; look++) await keepBudget(store.db, budget);
  const { droppedRows } = budget.state();
  reading.abort();
  await snapshots;
  await client.end();
  await keepBudget(store.db, budget);
  expect(budget.state()).toMatchObject({ droppedRows, overBudget: false });
});

test('open findings go last of all, and only those of which nothing was seen for 90 days', async () => {
  await addHost('h', 200);
  for (const [state, count, daysAgo] of [
    ['new', 2_000, 120],
    ['acknowledged', 1_000, 100],
    ['new', 10, 89],
    ['resolved', 2_000, 2],
  ] as const)
    await addFindings(state, count, daysAgo);
  await addEvents();
  await sql`vacuum`.execute(store.db);
  const reader = realSize();
  const keep = (maxBytes: number) => keepUntilRoom(createDiskBudget({ maxBytes, reader, log, now: () => today }));

  // Of the resolved ones less than a megabyte is left, which is not worth writing the table anew.
  const openLeft = async () => (await findingsLeft()).filter((line) => !line.startsWith('resolved'));
  await keep((await reader.databaseBytes()) - 1_500_000);
  expect(await openLeft()).toEqual([
    ...['acknowledged 100: 1000 with 1000', 'new 120: 2000 with 2000', 'new 89: 10 with 10'],
  ]);
  await keep((await reader.databaseBytes()) - 2_500_000);
  const left = await openLeft();
  expect(left).toContain('acknowledged 100: 1000 with 1000');
  expect(left).toContain('new 89: 10 with 10');
  expect(left).not.toContain('new 120: 2000 with 2000');
  await keep(1);
  expect(await openLeft()).toEqual(['new 89: 10 with 10']);
});
