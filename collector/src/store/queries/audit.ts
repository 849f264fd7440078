// The record of what people and tokens changed, or tried to.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export type AuditDetail = Record<string, string | number | boolean | null>;

export interface AuditRecord {
  actor: string;
  action: string;
  detail: AuditDetail;
  outcome: 'done' | 'refused' | 'failed';
}

export async function insertAudit(
  db: Kysely<Database>,
  { actor, action, detail, outcome }: AuditRecord,
): Promise<void> {
  await db
    .insertInto('audit')
    .values({ actor, action, detail: JSON.stringify(detail), outcome })
    .execute();
}

export interface AuditRow extends AuditRecord {
  id: number;
  at: Date;
}

/** Newest first. */
export async function selectAudit(
  db: Kysely<Database>,
  query: { beforeId: number | undefined; action: string | undefined; limit: number },
): Promise<AuditRow[]> {
  const { rows } = await sql<AuditRow>`
    select audit_id as id, at, actor, action, detail, outcome
      from audit
     where (${query.beforeId ?? null}::int8 is null or audit_id < ${query.beforeId ?? null}::int8)
       and (${query.action ?? null}::text is null or action = ${query.action ?? null}::text)
     order by audit_id desc
     limit ${query.limit}`.execute(db);
  return rows;
}
