// What of a host's traffic was seen at sockets, and how much of its time was measured, by steps of whole minutes.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp, unixUs } from './connections.ts';

export interface CoverageRow {
  timeUs: number;
  /** Measured; the two below are among them. */
  seconds: number;
  lateSeconds: number;
  backfilledSeconds: number;
  socketBytes: number | null;
  interfaceBytes: number | null;
  forwardedBytes: number | null;
  eventsLost: number | null;
}

/** Steps that hold nothing are left out. They count from `fromUs`. */
export async function selectCoverage(
  db: Kysely<Database>,
  query: { hostId: number; fromUs: number; toUs: number; stepUs: number },
): Promise<CoverageRow[]> {
  const { hostId, fromUs, toUs, stepUs } = query;
  const { rows } = await sql<CoverageRow>`
    select (${fromUs}::int8 + div(${unixUs(sql`ts`)} - ${fromUs}::int8, ${stepUs}::int8) * ${stepUs}::int8)::int8 as "timeUs",
           sum(seconds)::int4 as seconds, sum(late_seconds)::int4 as "lateSeconds",
           sum(backfilled_seconds)::int4 as "backfilledSeconds", sum(socket_bytes)::int8 as "socketBytes",
           sum(interface_bytes)::int8 as "interfaceBytes", sum(forwarded_bytes)::int8 as "forwardedBytes",
           sum(events_lost)::int8 as "eventsLost"
      from metric_1m
     where host_id = ${hostId} and subject = '' and ts >= ${timestamp(fromUs)} and ts < ${timestamp(toUs)}
     group by 1 order by 1`.execute(db);
  return rows;
}
