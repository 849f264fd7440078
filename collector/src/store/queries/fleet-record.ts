// What every host carried in buckets of whole minutes, for the fleet as of a time.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp, unixUs } from './connections.ts';

export interface FleetBucketRow {
  hostId: number;
  timeUs: number;
  seconds: number;
  rxBytes: number | null;
  txBytes: number | null;
  connectionsMax: number | null;
  cpuPermilleSum: number | null;
  memoryBytesMax: number | null;
}

/** Buckets that hold nothing are left out. They count from `fromUs`. */
export async function selectFleetBuckets(
  db: Kysely<Database>,
  query: { hostIds: readonly number[]; fromUs: number; toUs: number; stepUs: number },
): Promise<FleetBucketRow[]> {
  const { hostIds, fromUs, toUs, stepUs } = query;
  const { rows } = await sql<FleetBucketRow>`
    select host_id as "hostId",
           (${fromUs}::int8 + div(${unixUs(sql`ts`)} - ${fromUs}::int8, ${stepUs}::int8) * ${stepUs}::int8)::int8 as "timeUs",
           sum(seconds)::int4 as seconds, sum(rx_bytes)::int8 as "rxBytes", sum(tx_bytes)::int8 as "txBytes",
           max(connections_max)::int8 as "connectionsMax", sum(cpu_permille_sum)::int8 as "cpuPermilleSum",
           max(memory_bytes_max)::int8 as "memoryBytesMax"
      from metric_1m
     where host_id = any(${hostIds}::int4[]) and subject = ''
       and ts >= ${timestamp(fromUs)} and ts < ${timestamp(toUs)}
     group by 1, 2 order by 1, 2`.execute(db);
  return rows;
}
