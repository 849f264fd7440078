// What tools said, in the order in which it was kept.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface NewToolEvent {
  runId: string;
  number: number;
  hostId: number;
  saidAt: Date;
  /** JSON of a ToolEvent. */
  event: string;
}

export interface KeptCounts {
  requestId: string;
  events: number;
  dropped: number;
}

/** Both or neither. Events of a run that was deleted meanwhile are left out. */
export async function insertToolEvents(
  db: Kysely<Database>,
  events: readonly NewToolEvent[],
  counts: readonly KeptCounts[],
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await sql`
      insert into tool_event (run_id, number, host_id, said_at, event)
      select u.* from unnest(${events.map(({ runId }) => runId)}::text[], ${events.map(({ number }) => number)}::int4[],
        ${events.map(({ hostId }) => hostId)}::int4[], ${events.map(({ saidAt }) => saidAt.toISOString())}::timestamptz[],
        ${events.map(({ event }) => event)}::text[]) as u (run_id, number, host_id, said_at, event)
       where exists (select from tool_run r where r.run_id = u.run_id)`.execute(transaction);
    await sql`
      update tool_run_host h set event_count = u.events, dropped = u.dropped
        from unnest(${counts.map(({ requestId }) => requestId)}::text[], ${counts.map(({ events: kept }) => kept)}::int4[],
          ${counts.map(({ dropped }) => dropped)}::int4[]) as u (request_id, events, dropped)
       where h.request_id = u.request_id`.execute(transaction);
  });
}

export interface ToolEventRow {
  number: number;
  hostId: number;
  saidAt: Date;
  event: string;
}

/** Of these hosts, those after `after`. */
export async function selectToolEvents(
  db: Kysely<Database>,
  query: { runId: string; hostIds: readonly number[]; after: number; limit: number },
): Promise<ToolEventRow[]> {
  const { rows } = await sql<ToolEventRow>`
    select number, host_id as "hostId", said_at as "saidAt", event from tool_event
     where run_id = ${query.runId} and number > ${query.after} and host_id = any(${[...query.hostIds]}::int4[])
     order by number limit ${query.limit}`.execute(db);
  return rows;
}
