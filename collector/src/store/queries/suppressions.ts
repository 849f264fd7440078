// Suppression rules, and the findings that they are held against.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { findingColumns, type FindingRow, ofHosts } from './findings.ts';

export interface SuppressionRow {
  id: number;
  detector: string | null;
  hostIds: number[];
  labels: string[];
  process: string | null;
  peer: string | null;
  /** 0 low … 3 critical. */
  mostSevere: number;
  reason: string;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
}

export type NewSuppression = Omit<SuppressionRow, 'id' | 'createdAt'>;

const columns = [
  'suppression_id as id',
  'detector',
  'host_ids as hostIds',
  'labels',
  'process',
  'peer',
  'most_severe as mostSevere',
  'reason',
  'created_by as createdBy',
  'created_at as createdAt',
  'expires_at as expiresAt',
] as const;

export function listSuppressions(db: Kysely<Database>): Promise<SuppressionRow[]> {
  return db.selectFrom('suppression').select(columns).orderBy('suppression_id').execute();
}

export async function insertSuppression(db: Kysely<Database>, rule: NewSuppression): Promise<SuppressionRow> {
  return db
    .insertInto('suppression')
    .values({ ...valuesOf(rule), created_by: rule.createdBy, created_at: new Date() })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** undefined: there is no such rule. Who made it, and when, stays. */
export async function replaceSuppression(
  db: Kysely<Database>,
  id: number,
  rule: NewSuppression,
): Promise<SuppressionRow | undefined> {
  return db
    .updateTable('suppression')
    .set(valuesOf(rule))
    .where('suppression_id', '=', id)
    .returning(columns)
    .executeTakeFirst();
}

/** False: there is no such rule. */
export async function deleteSuppression(db: Kysely<Database>, id: number): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('suppression').where('suppression_id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

const valuesOf = (rule: NewSuppression) => ({
  detector: rule.detector,
  host_ids: rule.hostIds,
  labels: rule.labels,
  process: rule.process,
  peer: rule.peer,
  most_severe: rule.mostSevere,
  reason: rule.reason,
  expires_at: rule.expiresAt,
});

/** How many findings each rule mutes, on these hosts (undefined: all). */
export async function countMuted(
  db: Kysely<Database>,
  hostIds: readonly number[] | undefined,
): Promise<Map<number, number>> {
  const { rows } = await sql<{ id: number; n: number }>`
    select muted_by as id, count(*)::int4 as n from finding f where muted_by is not null and ${ofHosts(hostIds)} group by 1`.execute(
    db,
  );
  return new Map(rows.map(({ id, n }) => [id, n]));
}

const portionRows = 1_000;

/** Findings in the order of their keys, in portions. `openOrMuted`: only those that a rule may change. */
export async function* portionsOfFindings(
  db: Kysely<Database>,
  only: 'all' | 'open-or-muted',
): AsyncGenerator<FindingRow[], void, undefined> {
  const which = only === 'all' ? sql`true` : sql`(f.state in ('new', 'acknowledged') or f.muted_by is not null)`;
  for (let after = { hostId: 0, groupKey: '' }; ;) {
    const { rows } = await sql<FindingRow>`
      select ${findingColumns} from finding f
       where (f.host_id, f.group_key) > (${after.hostId}::int4, ${after.groupKey}::text) and ${which}
       order by f.host_id, f.group_key limit ${portionRows}`.execute(db);
    if (rows.length > 0) yield rows;
    if (rows.length < portionRows) return;
    after = rows.at(-1)!;
  }
}

export async function readHostLabels(db: Kysely<Database>): Promise<Map<number, readonly string[]>> {
  const rows = await db.selectFrom('host').select(['host_id', 'labels']).execute();
  return new Map(rows.map(({ host_id: hostId, labels }) => [hostId, labels]));
}
