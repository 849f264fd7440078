// Starts the one Postgres server that a run of *.pg.test.ts files shares, unless FORETOP_TEST_DATABASE_URL names another.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../src/store/embedded/server.ts';
import { createTemplate, type TestPostgres } from './databases.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using resources = new AsyncDisposableStack();
  const given = process.env['FORETOP_TEST_DATABASE_URL'];
  const server = given === undefined ? await startServer(resources) : ofUrl(given);
  const template = resources.use(await createTemplate(server));
  project.provide('postgres', { ...server, template: template.name });
  const running = resources.move();
  return () => running.disposeAsync();
}

const ofUrl = (connectionString: string): TestPostgres => ({
  admin: { connectionString },
  application: { connectionString },
});

async function startServer(resources: AsyncDisposableStack): Promise<TestPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'foretop-test-postgres-'));
  resources.defer(() => rm(dataDir, { recursive: true, force: true }));
  const { superuser, connection } = resources.use(
    await startEmbedded({ dataDir, role: 'collector', log: pino({ level: 'warn' }) }),
  );
  // What is in it lives as long as the tests: nothing needs to reach a disk.
  const client = new pg.Client(superuser);
  await client.connect();
  await client.query('alter system set fsync = off');
  await client.query('select pg_reload_conf()');
  await client.end();
  return { admin: superuser, application: connection };
}
