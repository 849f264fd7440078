// The size budget on a real Postgres: what goes first, what stays, and what is on record afterwards.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestDatabase } from '../../test/databases.ts';
import { testDatabase } from '../../test/postgres.ts';
import { openStore, type Store } from './database.ts';
import { createDiskBudget, type DiskBudget } from './disk-budget.ts';
import { diskReader, type DiskReader } from './disk-use.ts';
import { keepBudget, maintain } from './maintenance.ts';
import { listFilledPartitions, makePartitions, readDroppedBefore } from './partitions.ts';
import type { Retention } from './retention.ts';

const dayMs = 86_400_000;
const today = Date.UTC(2031, 2, 15, 12);
const retention: Retention = {
  connection_segment: 4,
  dns_exchange: 4,
  scan_evidence: 4,
  metric_chunk: 4,
  metric_1m: 4,
  process_1m: 4,
  process: 4,
  gap: 9,
  finding: 9,
};

let database: TestDatabase;
let store: Store;
let logged: Record<string, unknown>[];
const log = pino({ base: null }, { write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>) });
const silent = pino({ level: 'silent' });

beforeEach(async () => {
  logged = [];
  database = await testDatabase();
  store = await openStore({ dataDir: '/nonexistent', databaseUrl: database.url, log: silent });
  await makePartitions(store.db, retention, today);
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const at = (daysAgo: number) => new Date(today - daysAgo * dayMs);
const addHost = (name: string, enrolledDaysAgo: number) =>
  sql`insert into host (name, enrolled_at) values (${name}, ${at(enrolledDaysAgo)})`.execute(store.db);
const addSegments = (daysAgo: number, rows = 1) =>
  sql`insert into connection_segment (host_id, seg_start, seg_end, connection_id, started_at, started_before, closed, comm, uid,
      protocol, state, direction, local_address, local_port, name_source, connection_count)
    select 1, ${at(daysAgo)}, ${at(daysAgo)}, i, ${at(daysAgo)}, false, true, repeat('x', 100), 0, 6, 1, 1, '127.0.0.1', 1, 0, 1
    from generate_series(1, ${rows}::int) i`.execute(store.db);
const addChunk = (daysAgo: number) =>
  sql`insert into metric_chunk values (1, ${at(daysAgo)}, '', 1000000, 1, '\\x00')`.execute(store.db);
const addMinute = (daysAgo: number) =>
  sql`insert into metric_1m (host_id, ts, subject, seconds) values (1, ${at(daysAgo)}, '', 60)`.execute(store.db);
const addProcessMinute = (daysAgo: number) =>
  sql`insert into process_1m (host_id, ts, process_id, pid, seconds, cpu_us, memory_bytes, connections, threads)
    values (1, ${at(daysAgo)}, 1, 1, 60, 0, 0, 0, 1)`.execute(store.db);

/** `table daysAgo`, as they are filled. */
async function filled(): Promise<string[]> {
  const partitions = await listFilledPartitions(store.db);
  return partitions.map(({ table, day }) => `${table} ${Math.floor(today / dayMs) - day}`).sort();
}
const gaps = () =>
  store.db.selectFrom('gap').select(['host_id', 'gap_start', 'gap_end', 'reason']).orderBy('host_id').execute();

/** Each partition that has rows counts a hundred bytes. */
const countingReader: DiskReader = {
  databaseBytes: async () => (await listFilledPartitions(store.db)).length * 100,
  quarantineBytes: async () => 0,
  freeSpace: async () => ({ freeBytes: 50e9, totalBytes: 100e9 }),
};
const budgetOf = (maxBytes: number | undefined, reader: Partial<DiskReader> = {}): DiskBudget =>
  createDiskBudget({ maxBytes, reader: { ...countingReader, ...reader }, log, now: () => today });

async function fillAll(): Promise<void> {
  await addHost('old', 30);
  await addHost('new', 2);
  for (const daysAgo of [0, 1, 2, 3]) {
    await addSegments(daysAgo);
    await addMinute(daysAgo);
  }
  for (const daysAgo of [0, 3]) await addChunk(daysAgo);
  await addProcessMinute(3);
}

test('within the budget, or without one, nothing goes', async () => {
  await fillAll();
  const before = await filled();
  await keepBudget(store.db, budgetOf(1_100));
  await keepBudget(store.db, budgetOf(undefined));
  expect(await filled()).toEqual(before);
  expect(before).toHaveLength(11);
  expect(logged).toEqual([]);
});

test('the oldest raw days go first, chunks before connections, and no more than needed', async () => {
  await fillAll();
  const budget = budgetOf(800);
  await keepBudget(store.db, budget);
  expect(await filled()).toEqual([
    ...['connection_segment 0', 'connection_segment 1', 'metric_1m 0', 'metric_1m 1', 'metric_1m 2', 'metric_1m 3'],
    ...['metric_chunk 0', 'process_1m 3'],
  ]);
  expect(logged.map(({ table, day }) => `${table} ${day}`)).toEqual([
    'metric_chunk 2031-03-12',
    'connection_segment 2031-03-12',
    'connection_segment 2031-03-13',
  ]);
  expect(budget.state()).toMatchObject({ usedBytes: 800, droppedPartitions: 3, droppedBytes: 300, overBudget: false });
  expect(budget.counters()).toMatchObject({ used_bytes: 800, budget_bytes: 800, dropped_bytes_total: 300 });
});

test('minutes go only after all raw days, and today never; a budget that cannot hold is said once an hour', async () => {
  await fillAll();
  const budget = budgetOf(50);
  await keepBudget(store.db, budget);
  expect(await filled()).toEqual(['connection_segment 0', 'metric_1m 0', 'metric_chunk 0']);
  await keepBudget(store.db, budget);
  expect(budget.state().overBudget).toBe(true);
  expect(logged.filter(({ event }) => event === 'size-budget-exceeded')).toHaveLength(1);
  const order = logged.filter(({ event }) => event === 'size-budget-dropped').map(({ table }) => table);
  expect(order.slice(0, 4)).toEqual(['metric_chunk', 'connection_segment', 'connection_segment', 'connection_segment']);
  expect(new Set(order.slice(4))).toEqual(new Set(['process_1m', 'metric_1m']));
});

test('each host has one gap over what it lost, from its enrolment on; each table has a record', async () => {
  await fillAll();
  await keepBudget(store.db, budgetOf(900));
  await keepBudget(store.db, budgetOf(800));
  const midnight = (daysAgo: number) => new Date(Date.UTC(2031, 2, 15 - daysAgo));
  expect(await gaps()).toEqual([
    { host_id: 1, gap_start: midnight(3), gap_end: midnight(1), reason: 'size-budget' },
    { host_id: 2, gap_start: at(2), gap_end: midnight(1), reason: 'size-budget' },
  ]);
  expect(await readDroppedBefore(store.db)).toEqual({
    metric_chunk: '2031-03-13T00:00:00.000Z',
    connection_segment: '2031-03-14T00:00:00.000Z',
  });
});

test('rows that come late for a day that went still have a place; they go again, and the record stays as it is', async () => {
  await fillAll();
  await keepBudget(store.db, budgetOf(800));
  await addSegments(3);
  await keepBudget(store.db, budgetOf(800));
  expect(await filled()).not.toContain('connection_segment 3');
  expect(await readDroppedBefore(store.db)).toMatchObject({ connection_segment: '2031-03-14T00:00:00.000Z' });
  expect(await gaps()).toHaveLength(2);
});

test('the quarantine counts; a second collector measures and leaves the dropping to the first', async () => {
  await fillAll();
  const holder = await store.pool.connect();
  const budget = budgetOf(1_150, { quarantineBytes: async () => 100 });
  try {
    await holder.query('select pg_advisory_lock($1)', [0x666f7265]);
    await keepBudget(store.db, budget);
    expect(budget.state()).toMatchObject({ usedBytes: 1_200, droppedPartitions: 0 });
  } finally {
    await holder.query('select pg_advisory_unlock_all()');
    holder.release();
  }
  await keepBudget(store.db, budget);
  expect(budget.state()).toMatchObject({ usedBytes: 1_100, droppedPartitions: 1 });
});

test('a partition that is in use is not waited for, and nothing is on record of it', async () => {
  await fillAll();
  const reader = await store.pool.connect();
  try {
    await reader.query('begin');
    await reader.query('select count(*) from metric_chunk_20310312');
    await expect(keepBudget(store.db, budgetOf(800))).rejects.toThrow('lock timeout');
  } finally {
    await reader.query('rollback');
    reader.release();
  }
  expect(await readDroppedBefore(store.db)).toEqual({});
  expect(await filled()).toHaveLength(11);
});

test('little free space is warned of, budget or not, once an hour as long as it lasts', async () => {
  let freeBytes = 4e9;
  const budget = budgetOf(undefined, { freeSpace: async () => ({ freeBytes, totalBytes: 100e9 }) });
  await keepBudget(store.db, budget);
  await keepBudget(store.db, budget);
  expect(logged).toMatchObject([{ event: 'disk-space-low', freeBytes: 4e9 }]);
  freeBytes = 6e9;
  await keepBudget(store.db, budget);
  expect(budget.state().lowOnSpace).toBe(false);
  freeBytes = 4e9;
  await keepBudget(store.db, budget);
  expect(logged).toHaveLength(2);
});

test('for real: the size that Postgres reports falls under the budget', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foretop-quarantine-'));
  await writeFile(join(folder, 'a.zst'), Buffer.alloc(10_000));
  await addHost('h', 30);
  for (const daysAgo of [0, 2, 3]) await addSegments(daysAgo, 20_000);
  const reader = diskReader(store, tmpdir(), folder);
  const full = (await reader.databaseBytes()) + 10_000;
  expect(await reader.quarantineBytes()).toBe(10_000);
  expect((await reader.freeSpace())!.freeBytes).toBeGreaterThan(0);
  const budget = createDiskBudget({ maxBytes: full - 3e6, reader, log, now: () => today });
  await keepBudget(store.db, budget);
  expect(await filled()).toEqual(['connection_segment 0', 'connection_segment 2']);
  expect((await reader.databaseBytes()) + 10_000).toBeLessThanOrEqual(full - 3e6);
  expect(budget.state().droppedBytes).toBeGreaterThan(3e6);
  await rm(folder, { recursive: true });
});

test('lowering the retention of one table drops its days, raising it keeps them and makes room for older ones', async () => {
  await fillAll();
  await maintain(store.db, { ...retention, connection_segment: 1 }, silent, today);
  const left = (await filled()).filter((name) => name.startsWith('connection_segment'));
  expect(left).toEqual(['connection_segment 0', 'connection_segment 1', 'connection_segment 2']);
  expect(await filled()).toContain('metric_1m 3');
  await maintain(store.db, { ...retention, connection_segment: 8 }, silent, today);
  expect((await filled()).filter((name) => name.startsWith('connection_segment'))).toEqual(left);
  await addSegments(8);
  expect(await filled()).toContain('connection_segment 8');
});
