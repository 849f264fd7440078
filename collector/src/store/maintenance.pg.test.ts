import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestDatabase } from '../../test/databases.ts';
import { testDatabase } from '../../test/postgres.ts';
import { openStore, type Store } from './database.ts';
import { maintain, startMaintenance } from './maintenance.ts';
import { dropPartitions, makePartitions, partitionName } from './partitions.ts';
import type { Retention } from './retention.ts';

const log = pino({ level: 'silent' });
const dayMs = 86_400_000;
const retention: Retention = {
  connection_segment: 2,
  dns_exchange: 2,
  scan_evidence: 2,
  metric_chunk: 1,
  metric_1m: 2,
  process_1m: 1,
  process: 5,
  gap: 5,
  finding: 5,
};
/** Noon, far from now, so that only the injected clock can be meant. */
const today = Date.UTC(2031, 2, 15, 12);

let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ dataDir: '/nonexistent', databaseUrl: database.url, log });
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function partitions(table: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select inhrelid::regclass::text as name from pg_inherits
    where inhparent = ${table}::regclass order by 1`.execute(store.db);
  return rows.map((row) => row.name.replace(`${table}_`, ''));
}

const insertMinute = (at: number, host: number) =>
  store.db
    .insertInto('metric_1m')
    .values({ host_id: host, ts: new Date(at), subject: '', seconds: 60 } as never)
    .execute();

test('partitions reach from the retention and a day of grace to two days ahead', async () => {
  const made = await makePartitions(store.db, retention, today);
  expect(made[0]).toMatch(/20310317$/);
  expect(await partitions('metric_chunk')).toEqual(['20310313', '20310314', '20310315', '20310316', '20310317']);
  expect(await partitions('connection_segment')).toHaveLength(6);
  expect(await makePartitions(store.db, retention, today)).toEqual([]);
});

test('rows at both ends of what is accepted have a partition, indexes come along', async () => {
  await insertMinute(today - retention.metric_1m * dayMs, 1);
  await insertMinute(today + 60_000, 1);
  await expect(insertMinute(today + 3 * dayMs, 1)).rejects.toThrow('no partition of relation');
  const { rows } = await sql<{
    n: number;
  }>`select count(*)::int as n from pg_indexes where tablename = 'connection_segment_20310315'`.execute(store.db);
  expect(rows).toEqual([{ n: 2 }]);
});

test('a day later one is made and none dropped too early; later whole partitions go with their rows', async () => {
  await makePartitions(store.db, retention, today + dayMs);
  expect(await dropPartitions(store.db, retention, today + dayMs)).toContain('metric_chunk_20310313');
  expect(await partitions('metric_chunk')).toEqual(['20310314', '20310315', '20310316', '20310317', '20310318']);
  await dropPartitions(store.db, retention, today + 4 * dayMs);
  const { rows } = await sql<{ ts: Date }>`select ts from metric_1m where host_id = 1`.execute(store.db);
  expect(rows).toEqual([]);
});

test('old processes, gaps and sessions go; a process with new minutes stays', async () => {
  const old = new Date(today - 6 * dayMs);
  const process = (id: number) => ({
    host_id: 2,
    process_id: id,
    pid: id,
    started_at: old,
    first_seen_at: old,
    last_seen_at: old,
    parent_pid: 1,
    comm: '',
    executable: '',
    command_line: '',
    uid: 0,
    user_name: '',
    cgroup: '',
    unit: '',
    container_runtime: '',
    container_id: '',
  });
  await store.db
    .insertInto('process')
    .values([process(1), process(2)] as never)
    .execute();
  await store.db
    .insertInto('gap')
    .values({ host_id: 2, gap_start: old, gap_end: old, reason: 'clock', lost: 1, detail: '' })
    .execute();
  await store.db
    .insertInto('login_code')
    .values({ code_hash: Buffer.from('x'), expires_at: old } as never)
    .execute();
  await makePartitions(store.db, retention, today);
  await store.db
    .insertInto('process_1m')
    .values({
      host_id: 2,
      ts: new Date(today - 60_000),
      process_id: 2,
      pid: 2,
      seconds: 60,
      cpu_us: 0,
      memory_bytes: 0,
      connections: 0,
      threads: 1,
    } as never)
    .execute();
  await maintain(store.db, retention, log, today);
  const { rows } = await sql`select pid from process where host_id = 2`.execute(store.db);
  expect(rows).toEqual([{ pid: 2 }]);
  expect(await store.db.selectFrom('gap').select('reason').execute()).toEqual([]);
  expect(await store.db.selectFrom('login_code').select('expires_at').execute()).toEqual([]);
});

test('while one collector maintains, another leaves it alone', async () => {
  const holder = await store.pool.connect();
  try {
    await holder.query('select pg_advisory_lock($1)', [0x666f7265]);
    await maintain(store.db, retention, log, today + 30 * dayMs);
    expect(await partitions('metric_chunk')).not.toContain('20310414');
  } finally {
    // A connection that is only closed may hold it for a moment more.
    await holder.query('select pg_advisory_unlock($1)', [0x666f7265]);
    holder.release();
  }
});

test('maintenance begins at once and stops when told', async () => {
  const now = today + 60 * dayMs;
  const name = partitionName('metric_1m', Math.floor(now / dayMs)).slice('metric_1m_'.length);
  {
    await using maintenance = startMaintenance(store, { retention, log, now: () => now });
    expect(maintenance).toBeDefined();
    while (!(await partitions('metric_1m')).includes(name)) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await partitions('metric_chunk')).not.toContain('20310315');
});

test('a budget that cannot be kept does not keep maintenance from its work', async () => {
  const now = today + 90 * dayMs;
  const name = partitionName('metric_1m', Math.floor(now / dayMs)).slice('metric_1m_'.length);
  const events: unknown[] = [];
  const told = pino({}, { write: (line) => void events.push((JSON.parse(line) as { event: unknown }).event) });
  const check = () => Promise.reject(new Error('canceling statement due to lock timeout'));
  const budget = { check, state: () => expect.unreachable(), counters: () => ({}) };
  {
    await using maintenance = startMaintenance(store, { retention, budget, log: told, now: () => now });
    expect(maintenance).toBeDefined();
    while (!events.includes('size-budget-failed')) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await partitions('metric_1m')).toContain(name);
  expect(events).not.toContain('maintenance-failed');
});
