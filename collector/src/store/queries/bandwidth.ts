// What a host or one of its interfaces carried: seconds out of chunks, minutes out of metric_1m.
import { Metric } from '@foretop/proto';
import { type Kysely, sql } from 'kysely';
import { unpackSamples } from '../samples.ts';
import type { Database } from '../schema.ts';
import { timestamp, unixUs } from './connections.ts';

/** Bytes received and sent within `seconds` from `timeUs` on. */
export interface Carried {
  timeUs: number;
  seconds: number;
  rxBytes: number;
  txBytes: number;
}

export interface BandwidthQuery {
  hostId: number;
  /** '' = the whole host, 'if:eth0' = an interface. */
  subject: string;
  fromUs: number;
  toUs: number;
}

const minuteUs = 60_000_000;

/** One entry a second. A chunk holds at most a minute, so those that begin up to a minute before the span reach into it. */
export async function selectSeconds(db: Kysely<Database>, query: BandwidthQuery): Promise<Carried[]> {
  const { rows } = await sql<{ timeUs: number; intervalUs: number; count: number; samples: Buffer }>`
    select ${unixUs(sql`ts`)} as "timeUs", interval_us as "intervalUs", sample_count as "count", samples
      from metric_chunk
     where host_id = ${query.hostId} and subject = ${query.subject}
       and ts > ${timestamp(query.fromUs - minuteUs)} and ts < ${timestamp(query.toUs)}
     order by ts`.execute(db);
  return rows
    .flatMap(({ timeUs, intervalUs, count, samples }) => {
      const series = unpackSamples(samples, count);
      const [rx, tx] = [series.get(Metric.METRIC_RX_BYTES), series.get(Metric.METRIC_TX_BYTES)];
      if (rx === undefined || tx === undefined) return [];
      const seconds = intervalUs / 1_000_000;
      return rx.map((rxBytes, i) => ({ timeUs: timeUs + i * intervalUs, seconds, rxBytes, txBytes: tx[i]! }));
    })
    .filter((entry) => entry.timeUs >= query.fromUs && entry.timeUs < query.toUs);
}

/** Minutes within the span, summed in steps of `stepUs` that count from `fromUs`. */
export async function selectMinutes(
  db: Kysely<Database>,
  query: BandwidthQuery & { stepUs: number },
): Promise<Carried[]> {
  const step = sql`floor(((extract(epoch from ts) * 1000000) - ${query.fromUs}::int8) / ${query.stepUs}::int8)`;
  const { rows } = await sql<Carried>`
    select (${query.fromUs}::int8 + ${step} * ${query.stepUs}::int8)::int8 as "timeUs", sum(seconds)::int8 as seconds,
           sum(rx_bytes)::int8 as "rxBytes", sum(tx_bytes)::int8 as "txBytes"
      from metric_1m
     where host_id = ${query.hostId} and subject = ${query.subject} and rx_bytes is not null and tx_bytes is not null
       and ts >= ${timestamp(query.fromUs)} and ts < ${timestamp(query.toUs)}
     group by 1 order by 1`.execute(db);
  return rows;
}
