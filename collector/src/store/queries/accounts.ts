// Accounts of people: made, changed, looked up to sign in. Nobody takes away the last administrator.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database, Role } from '../schema.ts';

/** What makes a change impossible, for the caller to tell. */
export type AccountFault = 'name-taken' | 'last-administrator' | 'not-first' | 'no-such-account';

export interface AccountRow {
  account_id: number;
  name: string;
  role: Role;
  host_labels: string[] | null;
  created_at: Date;
  password_set_at: Date;
  signed_in_at: Date | null;
  disabled_at: Date | null;
  sessions: number;
}

export interface NewAccount {
  name: string;
  nameKey: string;
  passwordHash: string;
  role: Role;
  hostLabels: readonly string[] | null;
}

const columns = [
  'account_id',
  'name',
  'role',
  'host_labels',
  'created_at',
  'password_set_at',
  'signed_in_at',
  'disabled_at',
] as const;

const accounts = (db: Kysely<Database>, now: Date) =>
  db
    .selectFrom('account')
    .select(columns)
    .select(
      sql<number>`(select count(*)::int4 from session
        where session.account_id = account.account_id and session.expires_at > ${now})`.as('sessions'),
    );

/** By name. `contains` is found anywhere in the name, whatever its case. */
export async function listAccounts(
  db: Kysely<Database>,
  query: { contains: string | undefined; afterKey: string | undefined; limit: number; now: Date },
): Promise<(AccountRow & { name_key: string })[]> {
  let found = accounts(db, query.now).select('name_key').orderBy('name_key').limit(query.limit);
  if (query.afterKey !== undefined) found = found.where('name_key', '>', query.afterKey);
  if (query.contains !== undefined) found = found.where(sql<boolean>`strpos(name_key, ${query.contains}) > 0`);
  return found.execute();
}

export function getAccount(db: Kysely<Database>, accountId: number, now: Date): Promise<AccountRow | undefined> {
  return accounts(db, now).where('account_id', '=', accountId).executeTakeFirst();
}

export interface SigningIn {
  accountId: number;
  name: string;
  role: Role;
  passwordHash: string;
  disabled: boolean;
}

export async function findAccount(db: Kysely<Database>, nameKey: string): Promise<SigningIn | undefined> {
  return db
    .selectFrom('account')
    .select(['account_id as accountId', 'name', 'role', 'password_hash as passwordHash'])
    .select(sql<boolean>`disabled_at is not null`.as('disabled'))
    .where('name_key', '=', nameKey)
    .executeTakeFirst();
}

/** The hash of one's own password, to be asked for it again. */
export async function passwordHashOf(db: Kysely<Database>, accountId: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('account')
    .select('password_hash')
    .where('account_id', '=', accountId)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  return row?.password_hash;
}

/** Whether somebody of that name has a session open that was signed in from that network. */
export async function hasSessionFrom(
  db: Kysely<Database>,
  query: { nameKey: string; network: string; now: Date },
): Promise<boolean> {
  const row = await db
    .selectFrom('session')
    .innerJoin('account', 'account.account_id', 'session.account_id')
    .select('session.account_id')
    .where('name_key', '=', query.nameKey)
    .where('network', '=', query.network)
    .where('expires_at', '>', query.now)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function noteSignIn(db: Kysely<Database>, accountId: number, now: Date): Promise<void> {
  await db.updateTable('account').set({ signed_in_at: now }).where('account_id', '=', accountId).execute();
}

/** Administrators who can sign in. */
export async function countAdministrators(db: Kysely<Database>): Promise<number> {
  const row = await db
    .selectFrom('account')
    .select(sql<number>`count(*)::int4`.as('count'))
    .where('role', '=', 'admin')
    .where('disabled_at', 'is', null)
    .executeTakeFirstOrThrow();
  return row.count;
}

type Outcome<Value> = { done: Value } | { fault: AccountFault };

/** With `first`, only while there is no administrator. */
export function insertAccount(
  db: Kysely<Database>,
  account: NewAccount,
  options: { first?: boolean } = {},
): Promise<Outcome<number>> {
  return changing<number>(db, async (transaction) => {
    if (options.first && (await countAdministrators(transaction)) > 0) return { fault: 'not-first' };
    const row = await transaction
      .insertInto('account')
      .values({
        name: account.name,
        name_key: account.nameKey,
        password_hash: account.passwordHash,
        role: account.role,
        host_labels: account.hostLabels === null ? null : [...account.hostLabels],
      })
      .onConflict((conflict) => conflict.column('name_key').doNothing())
      .returning('account_id')
      .executeTakeFirst();
    return row === undefined ? { fault: 'name-taken' } : { done: row.account_id };
  });
}

export interface AccountChanges {
  role?: Role | undefined;
  hostLabels?: readonly string[] | null | undefined;
  disabled?: boolean | undefined;
}

/** Ends the account's sessions. */
export function updateAccount(
  db: Kysely<Database>,
  accountId: number,
  changes: AccountChanges,
  now: Date,
): Promise<Outcome<null>> {
  return changing(db, async (transaction) => {
    const before = await countAdministrators(transaction);
    const { hostLabels, disabled } = changes;
    const changed = await transaction
      .updateTable('account')
      .set({
        ...(changes.role !== undefined && { role: changes.role }),
        ...(hostLabels !== undefined && { host_labels: hostLabels === null ? null : [...hostLabels] }),
        ...(disabled !== undefined && {
          disabled_at: disabled ? sql<Date>`coalesce(disabled_at, ${now}::timestamptz)` : null,
        }),
      })
      .where('account_id', '=', accountId)
      .returning('account_id')
      .executeTakeFirst();
    if (changed === undefined) return { fault: 'no-such-account' };
    return afterLoss(transaction, accountId, before);
  });
}

/** Its sessions go with it. */
export function deleteAccount(db: Kysely<Database>, accountId: number): Promise<Outcome<null>> {
  return changing(db, async (transaction) => {
    const before = await countAdministrators(transaction);
    const deleted = await transaction
      .deleteFrom('account')
      .where('account_id', '=', accountId)
      .returning('account_id')
      .executeTakeFirst();
    if (deleted === undefined) return { fault: 'no-such-account' };
    return afterLoss(transaction, accountId, before);
  });
}

/** Ends the account's sessions. False: no such account. */
export async function setPassword(
  db: Kysely<Database>,
  accountId: number,
  passwordHash: string,
  now: Date,
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const changed = await transaction
      .updateTable('account')
      .set({ password_hash: passwordHash, password_set_at: now })
      .where('account_id', '=', accountId)
      .returning('account_id')
      .executeTakeFirst();
    if (changed !== undefined) await endSessions(transaction, accountId);
    return changed !== undefined;
  });
}

/** @returns how many there were. */
export async function endSessions(db: Kysely<Database>, accountId: number): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('session').where('account_id', '=', accountId).executeTakeFirst();
  return Number(numDeletedRows);
}

/** One change at a time, so that two of them cannot each leave the other as the last administrator. A fault undoes it. */
async function changing<Value>(
  db: Kysely<Database>,
  work: (transaction: Transaction<Database>) => Promise<Outcome<Value>>,
): Promise<Outcome<Value>> {
  let fault: AccountFault | undefined;
  try {
    return await db.transaction().execute(async (transaction) => {
      await sql`lock table account in share row exclusive mode`.execute(transaction);
      const outcome = await work(transaction);
      if ('done' in outcome) return outcome;
      fault = outcome.fault;
      throw new Error(fault);
    });
  } catch (error) {
    if (fault !== undefined) return { fault };
    throw error;
  }
}

async function afterLoss(
  transaction: Transaction<Database>,
  accountId: number,
  administratorsBefore: number,
): Promise<Outcome<null>> {
  if (administratorsBefore > 0 && (await countAdministrators(transaction)) === 0)
    return { fault: 'last-administrator' };
  await endSessions(transaction, accountId);
  return { done: null };
}
