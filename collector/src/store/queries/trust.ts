// Which owner and recovery key hosts are told to pin, the rosters, and the changes of the owner key.
import type { RosterClaims } from '@foretop/proto/trust';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** Public halves, base64url; what enrolment tokens carry. */
export interface TrustPins {
  owner: string;
  recovery: string;
}

/** undefined: the collector has not been started yet. */
export async function readPins(db: Kysely<Database>): Promise<TrustPins | undefined> {
  const row = await db.selectFrom('setting').select('value').where('key', '=', 'trust').executeTakeFirst();
  return row?.value as TrustPins | undefined;
}

/** @returns those that stand: of whoever came first. */
export async function insertPins(db: Kysely<Database>, pins: TrustPins): Promise<TrustPins> {
  await db
    .insertInto('setting')
    .values({ key: 'trust', value: sql`${JSON.stringify(pins)}::jsonb` })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  return (await readPins(db))!;
}

/** Where passkeys work, for whoever makes a roster beside the collector. */
export async function writeRelyingParty(db: Kysely<Database>, rp: RosterClaims['rp']): Promise<void> {
  const value = sql`${JSON.stringify({ rp })}::jsonb`;
  await db
    .insertInto('setting')
    .values({ key: 'relying-party', value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}

export async function readRelyingParty(db: Kysely<Database>): Promise<RosterClaims['rp']> {
  const row = await db.selectFrom('setting').select('value').where('key', '=', 'relying-party').executeTakeFirst();
  return (row?.value as { rp: RosterClaims['rp'] } | undefined)?.rp ?? null;
}

export interface OwnerChangeRow {
  serial: number;
  statement: string;
}

/** Makes another key the owner from now on. */
export async function insertOwnerChange(db: Kysely<Database>, change: OwnerChangeRow, pins: TrustPins): Promise<void> {
  await db.insertInto('owner_change').values(change).execute();
  await db
    .updateTable('setting')
    .set({ value: sql`${JSON.stringify(pins)}::jsonb` })
    .where('key', '=', 'trust')
    .execute();
}

/** Other keys without a change that would lead to them: for hosts that are enrolled from now on. */
export async function replacePins(db: Kysely<Database>, pins: TrustPins): Promise<void> {
  await db.deleteFrom('owner_change').execute();
  await db
    .updateTable('setting')
    .set({ value: sql`${JSON.stringify(pins)}::jsonb` })
    .where('key', '=', 'trust')
    .execute();
}

/** Oldest first. */
export function listOwnerChanges(db: Kysely<Database>): Promise<OwnerChangeRow[]> {
  return db.selectFrom('owner_change').select(['serial', 'statement']).orderBy('serial').execute();
}

export interface RosterRow {
  serial: number;
  issued_at: Date;
  expires_at: Date;
  statement: string;
}

/** The one with the highest serial. */
export function newestRoster(db: Kysely<Database>): Promise<RosterRow | undefined> {
  return db
    .selectFrom('roster')
    .select(['serial', 'issued_at', 'expires_at', 'statement'])
    .orderBy('serial', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Of old rosters as many are kept, for whoever wants to know who could sign when. */
const keptRosters = 1_000;

export async function insertRoster(db: Kysely<Database>, roster: RosterRow): Promise<void> {
  await db.insertInto('roster').values(roster).execute();
  await sql`
    delete from roster where serial <= (select serial from roster order by serial desc offset ${keptRosters} limit 1)`.execute(
    db,
  );
}

/** Of pg_advisory_xact_lock: rosters are signed and keys made by one at a time. "trust" in ASCII. */
const trustLock = 0x7472757374;

export async function lockTrust(db: Kysely<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${trustLock})`.execute(db);
}
