// Brings the schema up to date. Kysely's migrator holds an advisory lock for it, so that collectors may start together.
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { StoreError } from './errors.ts';
import * as initial from './migrations/0001-initial.ts';
import * as dnsScansCoverage from './migrations/0002-dns-scans-coverage.ts';
import * as people from './migrations/0003-people.ts';
import * as trust from './migrations/0004-trust.ts';
import * as commands from './migrations/0005-commands.ts';
import * as findings from './migrations/0006-findings.ts';
import * as notifications from './migrations/0007-notifications.ts';
import * as tools from './migrations/0008-tools.ts';
import * as packets from './migrations/0009-packets.ts';
import * as timeZone from './migrations/0010-time-zone.ts';
import type { Database } from './schema.ts';

/** By name, in order. Released ones are never changed. */
const migrations: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-dns-scans-coverage': dnsScansCoverage,
  '0003-people': people,
  '0004-trust': trust,
  '0005-commands': commands,
  '0006-findings': findings,
  '0007-notifications': notifications,
  '0008-tools': tools,
  '0009-packets': packets,
  '0010-time-zone': timeZone,
};

/** @returns the names of the migrations that ran now. */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error === undefined) return results.map((result) => result.migrationName);
  const failed = results.find((result) => result.status === 'Error')?.migrationName;
  const reason = error instanceof Error ? error.message : String(error);
  throw new StoreError(
    'migration-failed',
    `Bringing the database schema up to date failed${failed === undefined ? '' : ` at ${failed}`}: ${reason}. ` +
      'The database is as it was before. If it was written by a newer Foretop, start that version.',
    { cause: error },
  );
}
