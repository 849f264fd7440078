import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { testStore } from '../../test/postgres.ts';

test('a fresh store has the schema and an identity', async () => {
  await using store = await testStore();
  expect(await store.healthy()).toBe(true);
  expect(store.hashKey).toHaveLength(16);
  expect(store.collectorId).toMatch(/^[\w-]{22}$/);
  expect(await store.bytes()).toBeGreaterThan(1_000_000);
  expect(await store.db.selectFrom('host').select('host_id').execute()).toEqual([]);
});

test('an int8 beyond 2^53 rejects its query, a smaller one is a number', async () => {
  await using store = await testStore();
  expect((await sql`select 9007199254740991::int8 as n`.execute(store.db)).rows).toEqual([{ n: 9007199254740991 }]);
  await expect(sql`select 9007199254740992::int8 as n`.execute(store.db)).rejects.toThrow('beyond 2^53');
});
