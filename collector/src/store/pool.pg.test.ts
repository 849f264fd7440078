import { expect, test } from 'vitest';
import { testStore } from '../../test/postgres.ts';
import { parseInt8 } from './pool.ts';

test('a connection that the server ends while it is checked out harms nobody', async () => {
  await using store = await testStore();
  const held = await store.pool.connect();
  const { rows } = await held.query<{ pid: number }>('select pg_backend_pid() as pid');
  const ended = new Promise((resolve) => held.once('end', resolve));
  await store.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
  await ended;
  await expect(held.query('select 1')).rejects.toThrow(/not queryable|terminated|ended/i);
  held.release(true);
  expect(await store.healthy()).toBe(true);
});

test.each(['9007199254740992', '-9007199254740993', '5111435229626429853'])('%s is refused', (text) => {
  expect(() => parseInt8(text)).toThrow(`int8 value ${text} is beyond 2^53`);
});
