// The gap ledger: spans of a host's history that are not known, and why.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp } from './connections.ts';

export interface GapRow {
  hostId: number;
  from: Date;
  to: Date;
  reason: string;
  lost: number;
  detail: string;
}

interface GapQuery {
  hostIds?: readonly number[] | undefined;
  fromUs: number;
  toUs: number;
  limit?: number;
  offset?: number;
}

/** Gaps that touch the span, oldest first. Without hostIds: of every host. */
export async function selectGaps(db: Kysely<Database>, query: GapQuery & { limit: number }): Promise<GapRow[]> {
  return (await gapsQuery(query).execute(db)).rows;
}

export function gapsQuery(query: GapQuery): RawBuilder<GapRow> {
  const hosts = query.hostIds === undefined ? sql`true` : sql`host_id = any(${query.hostIds}::int4[])`;
  return sql<GapRow>`
    select host_id as "hostId", gap_start as "from", gap_end as "to", reason, lost, detail
      from gap
     where gap_end >= ${timestamp(query.fromUs)} and gap_start <= ${timestamp(query.toUs)} and ${hosts}
     order by gap_start, host_id, gap_end, reason, recorded_at
     limit ${query.limit ?? null} offset ${query.offset ?? 0}`;
}

export interface HostSpanRow {
  hostId: number;
  name: string;
  enrolledAt: Date;
  lastSeenAt: Date | null;
  labels: string[];
  revoked: boolean;
}

/** Since when and until when each host can be known at all. */
export async function selectHostSpans(db: Kysely<Database>): Promise<HostSpanRow[]> {
  return hostSpans(db).orderBy('host_id').execute();
}

export async function selectHostSpan(db: Kysely<Database>, hostId: number): Promise<HostSpanRow | undefined> {
  return hostSpans(db).where('host_id', '=', hostId).executeTakeFirst();
}

function hostSpans(db: Kysely<Database>) {
  return db
    .selectFrom('host')
    .select(['host_id as hostId', 'name', 'enrolled_at as enrolledAt', 'last_seen_at as lastSeenAt', 'labels'])
    .select(sql<boolean>`revoked_at is not null`.as('revoked'));
}
