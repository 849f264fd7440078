import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase, type TestDatabase } from '../../test/postgres.ts';
import { dumpSchema } from '../../test/schema-dump.ts';
import { openStore } from './database.ts';
import { migrate } from './migrate.ts';
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
