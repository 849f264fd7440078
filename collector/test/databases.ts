// Databases on the server of a test run: empty ones, and one with the schema and its partitions that suites get copies of.
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { pino } from 'pino';
import { openStore, type Store } from '../src/store/database.ts';
import { makePartitions } from '../src/store/partitions.ts';
import type { Connection } from '../src/store/pool.ts';
import type { Retention } from '../src/store/retention.ts';

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

export interface TestPostgres {
  /** A user who may make databases. */
  admin: Connection;
  /** The role that owns them, and is no superuser. */
  application: Connection;
}

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** A connection URL of the application's role. */
  readonly url: string;
}

/** Like `template`; without one it is empty. */
export async function createDatabase(
  { admin, application }: TestPostgres,
  template = 'template1',
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = databaseUrl(application, name);
  const owner = pg.escapeIdentifier(url.username);
  await withClient(admin, (client) => client.query(`create database ${name} owner ${owner} template ${template}`));
  return {
    name,
    url: url.href,
    [Symbol.asyncDispose]: () => withClient(admin, (client) => client.query(`drop database ${name} with (force)`)),
  };
}

/** To be copied. It has no identity: whoever opens a copy gives it one of its own. */
export async function createTemplate(server: TestPostgres): Promise<TestDatabase> {
  const database = await createDatabase(server);
  await using store = await openPrepared(database);
  await store.db.deleteFrom('setting').where('key', '=', 'identity').execute();
  return database;
}

/** With partitions for the days of testRetention. */
export async function openPrepared({ url }: TestDatabase): Promise<Store> {
  const store = await openStore({ dataDir: tmpdir(), databaseUrl: url, log: pino({ level: 'silent' }) });
  await makePartitions(store.db, testRetention, Date.now());
  return store;
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
