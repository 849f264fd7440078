import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { pino } from 'pino';
import { expect, inject, test } from 'vitest';
import { testDatabase } from '../../test/postgres.ts';
import { checkVersion, connectFailure, describeUrl } from './connect.ts';
import { openStore } from './database.ts';
import type { StoreError } from './errors.ts';

const log = pino({ level: 'silent' });
const open = (databaseUrl: string, signal?: AbortSignal) =>
  openStore({ dataDir: tmpdir(), databaseUrl, log, ...(signal && { signal }) });

// A server of one's own may trust everybody, as a superuser at that.
const own = process.env['FORETOP_TEST_DATABASE_URL'] === undefined;

test.runIf(own)('a wrong password is a matter of rights, and the message does not hold it', async () => {
  await using database = await testDatabase();
  const url = new URL(database.url);
  url.password = 'mistyped';
  const error = await open(url.href).catch((caught: unknown) => caught as StoreError);
  expect(error).toMatchObject({ code: 'database-rights', retryable: false });
  expect(String(error)).not.toContain('mistyped');
});

test('a database that is not there is named', async () => {
  await using database = await testDatabase();
  const url = new URL(database.url);
  url.pathname = '/elsewhere';
  await expect(open(url.href)).rejects.toMatchObject({ code: 'database-rights' });
  await expect(open(url.href)).rejects.toThrow(/elsewhere.*Create the database/);
});

test.runIf(own)('a user who may not create tables is told', async () => {
  await using database = await testDatabase();
  const admin = new pg.Client({ ...inject('postgres').admin, database: new URL(database.url).pathname.slice(1) });
  await admin.connect();
  await admin.query('alter schema public owner to postgres; revoke create on schema public from public');
  await admin.end();
  await expect(open(database.url)).rejects.toMatchObject({ code: 'database-rights' });
});

test('a server that does not listen is waited for until the signal', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as { port: number };
  closed.close();
  const started = Date.now();
  const error = await open(`postgres://u:p@127.0.0.1:${port}/d`, AbortSignal.timeout(700)).catch(
    (caught: unknown) => caught,
  );
  expect((error as Error).name).toMatch(/Abort|Timeout/);
  expect(Date.now() - started).toBeGreaterThan(600);
});

test('an unreachable server is named without its password', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  const name = describeUrl('postgres://me:secret@db.example:5433/foretop');
  expect(name).toBe('db.example:5433/foretop');
  expect(connectFailure(refused, name)).toMatchObject({ code: 'database-unreachable', retryable: true });
});

test('Postgres 14 is too old, 15 will do', () => {
  expect(() => checkVersion(140_012, '14.12', 'db')).toThrow('Postgres 14.12; Foretop needs 15 or newer');
  expect(() => checkVersion(150_000, '15.0', 'db')).not.toThrow();
});
