// Enrolment tokens and agents' keys.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** Sent with the host's id as payload when a host is revoked, so that a collector cuts its connection at once. */
export const revokedChannel = 'foretop_revoked';

export type AgentKeyRow = NonNullable<Awaited<ReturnType<typeof findAgentKey>>>;

export function findAgentKey(db: Kysely<Database>, thumbprint: string) {
  return db
    .selectFrom('agent_key')
    .select(['thumbprint', 'host_id', 'public_key', 'machine_id', 'revoked_at'])
    .where('thumbprint', '=', thumbprint)
    .executeTakeFirst();
}

export async function noteCloneRefused(db: Kysely<Database>, thumbprint: string, at: Date): Promise<void> {
  await db.updateTable('agent_key').set({ clone_refused_at: at }).where('thumbprint', '=', thumbprint).execute();
}

export async function insertEnrolToken(
  db: Kysely<Database>,
  tokenHash: Buffer,
  createdAt: Date,
  expiresAt: Date,
): Promise<void> {
  await db
    .insertInto('enrol_token')
    .values({ token_hash: tokenHash, created_at: createdAt, expires_at: expiresAt })
    .execute();
}

export interface EnrolRequest {
  tokenHash: Buffer;
  thumbprint: string;
  publicKey: Buffer;
  machineId: Buffer;
  name: string;
  now: Date;
}

export type EnrolResult = { hostId: number } | { refused: 'token-invalid' | 'token-used' | 'token-expired' | 'cloned' };

/**
 * Uses up the token and makes the host, or does neither. A key that was revoked comes back as the host that it was, from
 * the same machine only.
 */
export function enrolHost(db: Kysely<Database>, request: EnrolRequest): Promise<EnrolResult> {
  return db.transaction().execute(async (transaction) => {
    const token = await transaction
      .selectFrom('enrol_token')
      .select(['expires_at', 'used_at'])
      .where('token_hash', '=', request.tokenHash)
      .forUpdate()
      .executeTakeFirst();
    if (token === undefined) return { refused: 'token-invalid' };
    if (token.used_at !== null) return { refused: 'token-used' };
    if (token.expires_at <= request.now) return { refused: 'token-expired' };
    const known = await transaction
      .selectFrom('agent_key')
      .select(['host_id', 'machine_id'])
      .where('thumbprint', '=', request.thumbprint)
      .forUpdate()
      .executeTakeFirst();
    if (known !== undefined && !known.machine_id.equals(request.machineId)) return { refused: 'cloned' };
    const hostId =
      known === undefined ? await insertHost(transaction, request) : await restoreHost(transaction, known.host_id);
    await transaction
      .updateTable('enrol_token')
      .set({ used_at: request.now, host_id: hostId })
      .where('token_hash', '=', request.tokenHash)
      .execute();
    return { hostId };
  });
}

async function insertHost(db: Kysely<Database>, request: EnrolRequest): Promise<number> {
  const { host_id: hostId } = await db
    .insertInto('host')
    .values({ name: request.name, enrolled_at: request.now })
    .returning('host_id')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('agent_key')
    .values({
      thumbprint: request.thumbprint,
      host_id: hostId,
      public_key: request.publicKey,
      machine_id: request.machineId,
      created_at: request.now,
    })
    .execute();
  return hostId;
}

async function restoreHost(db: Kysely<Database>, hostId: number): Promise<number> {
  await db.updateTable('host').set({ revoked_at: null }).where('host_id', '=', hostId).execute();
  await db.updateTable('agent_key').set({ revoked_at: null }).where('host_id', '=', hostId).execute();
  return hostId;
}

/** Marks host and keys and tells every collector. False: no such host. Revoking again changes nothing. */
export function revokeHostKeys(db: Kysely<Database>, hostId: number, at: Date): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const host = await transaction
      .updateTable('host')
      .set({ revoked_at: sql<Date>`coalesce(revoked_at, ${at}::timestamptz)` })
      .where('host_id', '=', hostId)
      .returning('host_id')
      .executeTakeFirst();
    if (host === undefined) return false;
    await transaction
      .updateTable('agent_key')
      .set({ revoked_at: at })
      .where('host_id', '=', hostId)
      .where('revoked_at', 'is', null)
      .execute();
    await sql`select pg_notify(${revokedChannel}, ${String(hostId)})`.execute(transaction);
    return true;
  });
}
