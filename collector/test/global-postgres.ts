// Starts the one Postgres server that a run of *.pg.test.ts files shares, unless FORETOP_TEST_DATABASE_URL names another.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../src/store/embedded/server.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['FORETOP_TEST_DATABASE_URL'];
  if (given !== undefined) {
    project.provide('postgres', { admin: { connectionString: given }, application: { connectionString: given } });
    return () => Promise.resolve();
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'foretop-test-postgres-'));
  const server = await startEmbedded({ dataDir, role: 'collector', log: pino({ level: 'warn' }) });
  project.provide('postgres', { admin: server.superuser, application: server.connection });
  return async () => {
    await server[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true, force: true });
  };
}
