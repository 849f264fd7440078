// Notes in the audit table who changed something over the REST API.
import type { Kysely } from 'kysely';
import { type AuditDetail, type AuditRecord, insertAudit } from '../store/queries/audit.ts';
import type { Database } from '../store/schema.ts';
import type { Identity } from './auth/access.ts';

/** `by` is undefined for somebody who is not known yet. Rejects when the record cannot be written. */
export type Audit = (
  by: Identity | undefined,
  action: string,
  detail: AuditDetail,
  outcome?: AuditRecord['outcome'],
) => Promise<void>;

export function createAudit(db: Kysely<Database>): Audit {
  return (by, action, detail, outcome = 'done') => insertAudit(db, { actor: actorOf(by), action, detail, outcome });
}

/**
 * An account by its name, which cannot pose as anybody else behind the word before it. The session of a login link by the beginning of its cookie's hash, which tells sessions apart and
 * opens none; a token by its number, since names of tokens can be alike.
 */
export function actorOf(by: Identity | undefined): string {
  if (by === undefined) return 'login link';
  if ('tokenId' in by) return `token ${by.tokenId}`;
  return by.accountId === null ? `session ${by.cookieHash.toString('hex').slice(0, 8)}` : `account ${by.name}`;
}
