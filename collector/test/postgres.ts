// A fresh database for a suite, with the schema in it, on the server that global-postgres.ts started.
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { pino } from 'pino';
import { inject } from 'vitest';
import { openStore, type Store } from '../src/store/database.ts';
import { makePartitions } from '../src/store/partitions.ts';
import type { Connection } from '../src/store/pool.ts';
import type { Retention } from '../src/store/retention.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where suites make their databases, as a user who may. */
    postgres: { admin: Connection; application: Connection };
  }
}

/** Enough for suites that write history, and quick to make. */
export const testRetention: Retention = {
  connection_segment: 3,
  dns_exchange: 3,
  scan_evidence: 3,
  metric_chunk: 3,
  metric_1m: 3,
  process_1m: 3,
  process: 3,
  gap: 3,
  finding: 3,
};

/** With partitions for the days of testRetention. Disposing of the store drops its database. */
export async function testStore(): Promise<Store> {
  const database = await testDatabase();
  const store = await openStore({ dataDir: tmpdir(), databaseUrl: database.url, log: pino({ level: 'silent' }) });
  await makePartitions(store.db, testRetention, Date.now());
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

export interface TestDatabase extends AsyncDisposable {
  /** A connection URL of the application's role, which owns the database and is no superuser. */
  readonly url: string;
}

/** An empty database. */
export async function testDatabase(): Promise<TestDatabase> {
  const { admin, application } = inject('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = databaseUrl(application, name);
  await withClient(admin, (client) =>
    client.query(`create database ${name} owner ${pg.escapeIdentifier(url.username)}`),
  );
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => withClient(admin, (client) => client.query(`drop database ${name} with (force)`)),
  };
}

async function withClient(connection: Connection, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function databaseUrl(application: Connection, name: string): URL {
  const url = new URL(application.connectionString ?? 'postgres://localhost');
  url.pathname = `/${name}`;
  if (application.connectionString === undefined) {
    url.username = application.user ?? '';
    url.password = String(application.password);
    url.searchParams.set('host', application.host ?? '');
  }
  return url;
}
