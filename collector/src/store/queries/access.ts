// Login codes, sessions and API tokens in the database. All secrets arrive here as hashes.
import type { TokenScope } from '@foretop/proto/api';
import { type Kysely, sql } from 'kysely';
import type { Database, Role } from '../schema.ts';

export async function insertLoginCode(db: Kysely<Database>, codeHash: Buffer, expiresAt: Date): Promise<void> {
  await db.insertInto('login_code').values({ code_hash: codeHash, expires_at: expiresAt }).execute();
}

/** Uses the code up. False: it is unknown, was used before, or has expired. */
export async function takeLoginCode(db: Kysely<Database>, codeHash: Buffer, now: Date): Promise<boolean> {
  const result = await db
    .updateTable('login_code')
    .set({ used_at: now })
    .where('code_hash', '=', codeHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export interface NewSessionRow {
  cookie_hash: Buffer;
  secret_hash: Buffer;
  role: Role;
  expires_at: Date;
  account_id: number | null;
  network: string;
  user_agent: string;
}

export async function insertSession(db: Kysely<Database>, session: NewSessionRow): Promise<void> {
  await db.insertInto('session').values(session).execute();
}

export interface SessionRow {
  cookie_hash: Buffer;
  secret_hash: Buffer;
  role: Role;
  expires_at: Date;
  account_id: number | null;
  account_name: string | null;
  host_labels: string[] | null;
}

/** Only one that holds: not expired, and of no account that was disabled. The account's role goes before the session's. */
export async function findSession(
  db: Kysely<Database>,
  cookieHash: Buffer,
  now: Date,
): Promise<SessionRow | undefined> {
  return standingSessions(db, now)
    .select(['session.cookie_hash', 'secret_hash', 'expires_at', 'session.account_id', 'account.host_labels'])
    .select((column) => [
      column.fn.coalesce('account.role', 'session.role').as('role'),
      column.ref('account.name').as('account_name'),
    ])
    .where('session.cookie_hash', '=', cookieHash)
    .executeTakeFirst();
}

const standingSessions = (db: Kysely<Database>, now: Date) =>
  db
    .selectFrom('session')
    .leftJoin('account', 'account.account_id', 'session.account_id')
    .where('expires_at', '>', now)
    .where('account.disabled_at', 'is', null);

export interface OpenSessionRow {
  cookie_hash: Buffer;
  created_at: Date;
  expires_at: Date;
  network: string;
  user_agent: string;
}

/** Newest first. */
export function listSessions(db: Kysely<Database>, accountId: number, now: Date): Promise<OpenSessionRow[]> {
  return db
    .selectFrom('session')
    .select(['cookie_hash', 'created_at', 'expires_at', 'network', 'user_agent'])
    .where('account_id', '=', accountId)
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .limit(100)
    .execute();
}

export async function deleteSession(db: Kysely<Database>, cookieHash: Buffer): Promise<void> {
  await db.deleteFrom('session').where('cookie_hash', '=', cookieHash).execute();
}

/** Removes what has expired, so that the tables stay small. */
export async function deleteExpiredAccess(db: Kysely<Database>, now: Date): Promise<void> {
  await db.deleteFrom('session').where('expires_at', '<=', now).execute();
  await db.deleteFrom('login_code').where('expires_at', '<=', now).execute();
}

export interface TokenRow {
  token_id: number;
  name: string;
  role: Role;
  scopes: TokenScope[];
  host_labels: string[] | null;
  created_at: Date;
  created_by: string;
  expires_at: Date | null;
  revoked_at: Date | null;
}

const tokenColumns = [
  'token_id',
  'name',
  'role',
  'scopes',
  'host_labels',
  'created_at',
  'created_by',
  'expires_at',
  'revoked_at',
] as const;

export interface NewTokenRow {
  token_hash: Buffer;
  name: string;
  role: Role;
  scopes: TokenScope[];
  host_labels: string[] | null;
  created_by: string;
  expires_at: Date | null;
}

export async function insertToken(db: Kysely<Database>, token: NewTokenRow): Promise<TokenRow> {
  return db.insertInto('api_token').values(token).returning(tokenColumns).executeTakeFirstOrThrow();
}

/** Only a token that is still good. */
export async function findToken(db: Kysely<Database>, tokenHash: Buffer, now: Date): Promise<TokenRow | undefined> {
  return db
    .selectFrom('api_token')
    .select(tokenColumns)
    .where('token_hash', '=', tokenHash)
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
    .executeTakeFirst();
}

export async function listTokens(db: Kysely<Database>): Promise<TokenRow[]> {
  return db.selectFrom('api_token').select(tokenColumns).orderBy('token_id').execute();
}

/** False: there is no such token, or it was revoked before. */
export async function revokeToken(db: Kysely<Database>, tokenId: number, now: Date): Promise<boolean> {
  const result = await db
    .updateTable('api_token')
    .set({ revoked_at: now })
    .where('token_id', '=', tokenId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Which of these sessions and tokens still stand. */
export async function standingAccess(
  db: Kysely<Database>,
  asked: { cookieHashes: Buffer[]; tokenIds: number[] },
  now: Date,
): Promise<{ cookieHashes: Buffer[]; tokenIds: number[] }> {
  const sessions = await standingSessions(db, now)
    .select('session.cookie_hash')
    .where(sql<boolean>`session.cookie_hash = any(${asked.cookieHashes})`)
    .execute();
  const tokens = await sql<{ token_id: number }>`
    select token_id from api_token where token_id = any(${asked.tokenIds}::int4[])
       and revoked_at is null and (expires_at is null or expires_at > ${now})`.execute(db);
  return {
    cookieHashes: sessions.map((row) => row.cookie_hash),
    tokenIds: tokens.rows.map((row) => row.token_id),
  };
}

/** Where the collector was last started, so that `foretop login-link` makes a link that fits. */
export async function writeServedPort(db: Kysely<Database>, port: number): Promise<void> {
  const value = sql`${JSON.stringify({ port })}::jsonb`;
  await db
    .insertInto('setting')
    .values({ key: 'served', value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}

export async function readServedPort(db: Kysely<Database>): Promise<number | undefined> {
  const row = await db.selectFrom('setting').select('value').where('key', '=', 'served').executeTakeFirst();
  return (row?.value as { port?: number } | undefined)?.port;
}
