// A host's activity in buckets of whole minutes, for a time bar.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp, unixUs } from './connections.ts';

export interface TimelineRow {
  timeUs: number;
  seconds: number;
  rxBytes: number | null;
  txBytes: number | null;
  connectionsMax: number | null;
  cpuPermilleSum: number | null;
}

/** Buckets that hold nothing are left out. They count from `fromUs`. */
export async function selectTimeline(
  db: Kysely<Database>,
  query: { hostId: number; fromUs: number; toUs: number; stepUs: number },
): Promise<TimelineRow[]> {
  const { hostId, fromUs, toUs, stepUs } = query;
  const { rows } = await sql<TimelineRow>`
    select (${fromUs}::int8 + div(${unixUs(sql`ts`)} - ${fromUs}::int8, ${stepUs}::int8) * ${stepUs}::int8)::int8 as "timeUs",
           sum(seconds)::int4 as seconds, sum(rx_bytes)::int8 as "rxBytes", sum(tx_bytes)::int8 as "txBytes",
           max(connections_max)::int8 as "connectionsMax", sum(cpu_permille_sum)::int8 as "cpuPermilleSum"
      from metric_1m
     where host_id = ${hostId} and subject = '' and ts >= ${timestamp(fromUs)} and ts < ${timestamp(toUs)}
     group by 1 order by 1`.execute(db);
  return rows;
}
