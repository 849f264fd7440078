// API tokens: for programs, bound by role, scopes, labels of hosts and time. None of them signs.
import type { TokenScope } from '@foretop/proto/api';
import type { Kysely } from 'kysely';
import { insertToken } from '../../store/queries/access.ts';
import type { Database, Role } from '../../store/schema.ts';
import { hashSecret, newToken } from './secrets.ts';

export interface WantedToken {
  name: string;
  role: Role;
  scopes: readonly TokenScope[];
  /** null: all hosts. */
  hostLabels: readonly string[] | null;
  createdBy: string;
  expiresAt: Date | null;
}

/** The token's text is shown once and never kept. */
export async function createApiToken(
  db: Kysely<Database>,
  wanted: WantedToken,
): Promise<{ tokenId: number; token: string }> {
  const token = newToken();
  const row = await insertToken(db, {
    token_hash: hashSecret(token),
    name: wanted.name,
    role: wanted.role,
    scopes: [...wanted.scopes],
    host_labels: wanted.hostLabels === null ? null : [...wanted.hostLabels],
    created_by: wanted.createdBy,
    expires_at: wanted.expiresAt,
  });
  return { tokenId: row.token_id, token };
}
