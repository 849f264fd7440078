// A program for tests of the supervisor: opens a store, says so on standard output, and closes it when its input ends.
import { pino } from 'pino';
import { openStore } from '../src/store/database.ts';
import { StoreError } from '../src/store/errors.ts';

const [dataDir, role] = process.argv.slice(2) as [string, 'collector' | 'command'];
try {
  const store = await openStore({ dataDir, role, log: pino({ level: 'warn' }, pino.destination(2)) });
  const { rows } = await store.pool.query<{ started: string; superuser: boolean }>(
    `select pg_postmaster_start_time()::text as started, rolsuper as superuser from pg_roles where rolname = current_user`,
  );
  console.log(JSON.stringify({ collectorId: store.collectorId, ...rows[0] }));
  process.stdin.resume().on('end', () => void store[Symbol.asyncDispose]().then(() => console.log('closed')));
} catch (error) {
  console.log(
    JSON.stringify(
      error instanceof StoreError ? { code: error.code, message: error.message } : { code: String(error) },
    ),
  );
  process.exitCode = 1;
}
