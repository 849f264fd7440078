import { readFile } from 'node:fs/promises';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestDatabase } from '../../test/databases.ts';
import { testDatabase } from '../../test/postgres.ts';
import { dumpSchema } from '../../test/schema-dump.ts';
import { ChainCheck } from './audit-chain.ts';
import { openStore } from './database.ts';
import { migrate } from './migrate.ts';
import * as initial from './migrations/0001-initial.ts';
import { makePartitions } from './partitions.ts';
import { insertAudit, streamChain } from './queries/audit.ts';
import { defaultRetention } from './retention.ts';
import type { Database } from './schema.ts';

let database: TestDatabase;
const log = pino({ level: 'silent' });
const dataDir = '/nonexistent';

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

test('several collectors that start at once migrate once and agree on who they are', async () => {
  const stores = await Promise.all([1, 2, 3].map(() => openStore({ dataDir, databaseUrl: database.url, log })));
  expect(new Set(stores.map((store) => store.collectorId)).size).toBe(1);
  expect(new Set(stores.map((store) => store.hashKey.toString('hex'))).size).toBe(1);
  await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
});

test('the schema is the committed one', async () => {
  await using store = await openStore({ dataDir, databaseUrl: database.url, log });
  await expect(await dumpSchema(store.db)).toMatchFileSnapshot('../../test/schema.sql');
});

test('a database that a newer version wrote is refused', async () => {
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: database.url }) }),
  });
  try {
    await migrate(db);
    await db
      .insertInto('kysely_migration' as never)
      .values({ name: '9999-later', timestamp: '' } as never)
      .execute();
    await expect(migrate(db)).rejects.toMatchObject({ code: 'migration-failed', retryable: false });
  } finally {
    await db
      .deleteFrom('kysely_migration' as never)
      .where('name' as never, '=', '9999-later' as never)
      .execute();
    await db.destroy();
  }
});

test('a database of the first release with rows in its partitions is brought up to date, and goes on', async () => {
  await using old = await testDatabase();
  const pool = new pg.Pool({ connectionString: old.url });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const provider = { getMigrations: () => Promise.resolve({ '0001-initial': initial }) };
  expect((await new Migrator({ db, provider }).migrateToLatest()).error).toBeUndefined();
  const today = new Date().toISOString().slice(0, 10);
  const noon = `${today}T12:00Z`;
  const name = today.replaceAll('-', '');
  for (const table of ['connection_segment', 'metric_1m']) {
    await pool.query(`create table ${table}_${name} (like ${table} including defaults including storage)`);
    await pool.query(
      `alter table ${table} attach partition ${table}_${name} for values from ('${today}Z') to ('${today}Z'::timestamptz + interval '1 day')`,
    );
  }
  await pool.query(`insert into host (name) values ('old')`);
  await pool.query(`insert into connection_segment values (1, '${noon}', '${noon}', 5, '${noon}', false, true, null, null, 'curl',
    0, 6, 1, 2, '10.0.0.1', 1, null, null, 7, null, null, null, null, null, null, 0, null, 1)`);
  await pool.query(`insert into metric_1m (host_id, ts, subject, seconds, rx_bytes) values (1, '${noon}', '', 60, 9)`);
  await pool.query(`insert into audit (at, actor, action, detail, outcome) values
    ('2026-11-20 12:00:00.123456Z', 'token 1', 'host.revoke', '{"b": 1.5, "a": "x"}', 'done'),
    ('2026-11-20 12:00:01Z', 'session 0a1b2c3d', 'session.end', '{}', 'failed')`);
  await db.destroy();

  await using store = await openStore({ dataDir, databaseUrl: old.url, log });
  expect(await dumpSchema(store.db)).toBe(await readFile(new URL('../../test/schema.sql', import.meta.url), 'utf8'));
  await makePartitions(store.db, defaultRetention, Date.now());
  const segment = store.db.selectFrom('connection_segment').select(['comm', 'rx_bytes', 'alpn', 'owner_rule']);
  expect(await segment.execute()).toEqual([{ comm: 'curl', rx_bytes: 7, alpn: null, owner_rule: 0 }]);
  const minute = store.db.selectFrom('metric_1m').select(['rx_bytes', 'socket_bytes', 'late_seconds']);
  expect(await minute.execute()).toEqual([{ rx_bytes: 9, socket_bytes: null, late_seconds: 0 }]);
  // The partitions that were there take rows of the new shape, and the new tables have theirs.
  await store.pool.query(`insert into connection_segment select * from connection_segment`);
  await store.pool.query(`insert into scan_evidence values (1, now(), now(), 1, 1, '192.0.2.1', '10.0.0.1', 22, 1, 1)`);
  expect(await segment.execute()).toHaveLength(2);
  // What was audited before there was a chain is the beginning of the chain.
  await insertAudit(store.db, { actor: 'command line', action: 'token.create', detail: {}, outcome: 'done' });
  const check = new ChainCheck();
  for await (const portion of streamChain(store.db, AbortSignal.timeout(10_000))) {
    for (const entry of portion) check.next(entry);
  }
  expect(check).toMatchObject({ faults: [], sequence: 3 });
});
