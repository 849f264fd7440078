// One connection by its id: its newest segment, the sums of all, and the segment that shows its other end.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp, unixUs } from './connections.ts';

export interface NewestSegment {
  startedUs: number;
  endUs: number;
  closed: boolean;
}

const hourUs = 3_600_000_000;

/** There is no index by id, since every insert would pay for it: the newest hours first, then all that is kept. */
const reachesUs = [hourUs / 4, 6 * hourUs, 48 * hourUs, 10_000 * hourUs];

const idOf = (id: string) => sql`('x' || ${id}::text)::bit(64)::int8`;

export async function selectNewestSegment(
  db: Kysely<Database>,
  query: { hostId: number; id: string; nowUs: number },
): Promise<NewestSegment | undefined> {
  let untilUs = query.nowUs + hourUs;
  for (const reachUs of reachesUs) {
    const sinceUs = query.nowUs - reachUs;
    const { rows } = await sql<NewestSegment>`
      select ${unixUs(sql`started_at`)} as "startedUs", ${unixUs(sql`seg_end`)} as "endUs", closed
        from connection_segment
       where host_id = ${query.hostId} and connection_id = ${idOf(query.id)}
         and seg_end > ${timestamp(sinceUs)} and seg_end <= ${timestamp(untilUs)}
       order by seg_end desc limit 1`.execute(db);
    if (rows[0] !== undefined) return rows[0];
    untilUs = sinceUs;
  }
  return undefined;
}

export interface SegmentTotals {
  segments: number;
  from: Date;
  to: Date;
  rxBytes: number | null;
  txBytes: number | null;
  rxPackets: number | null;
  txPackets: number | null;
  retransmissions: number | null;
}

export async function sumSegments(
  db: Kysely<Database>,
  query: { hostId: number; id: string; startedUs: number; endUs: number },
): Promise<SegmentTotals | undefined> {
  const sum = (column: RawBuilder<unknown>) => sql`sum(${column})::int8`;
  const { rows } = await sql<SegmentTotals>`
    select count(*)::int4 as segments, min(seg_start) as "from", max(seg_end) as "to",
           ${sum(sql`rx_bytes`)} as "rxBytes", ${sum(sql`tx_bytes`)} as "txBytes",
           ${sum(sql`rx_packets`)} as "rxPackets", ${sum(sql`tx_packets`)} as "txPackets",
           ${sum(sql`retransmissions`)} as retransmissions
      from connection_segment
     where host_id = ${query.hostId} and connection_id = ${idOf(query.id)}
       and seg_end >= ${timestamp(query.startedUs)} and seg_end <= ${timestamp(query.endUs)}
    having count(*) > 0`.execute(db);
  return rows[0];
}

export interface Ends {
  protocol: number;
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}

/** Hosts that say they have the address, oldest first; the host itself among them when it is its own or a loopback one. */
export async function selectHostsWith(
  db: Kysely<Database>,
  hostId: number,
  address: string,
): Promise<{ hostId: number; name: string }[]> {
  const { rows } = await sql<{ hostId: number; name: string }>`
    select host_id as "hostId", name from host
     where revoked_at is null
       and (exists (select from unnest(addresses) own where split_part(own, '/', 1) = ${address})
              and not (${address}::inet <<= '127.0.0.0/8'::inet or ${address}::inet = '::1'::inet)
            or host_id = ${hostId}
              and (${address}::inet <<= '127.0.0.0/8'::inet or ${address}::inet = '::1'::inet))
     order by host_id limit 20`.execute(db);
  return rows;
}

export interface PeerRow {
  hostId: number;
  id: string;
  pid: number | null;
  process: string;
  processId: string | null;
}

/** Two clocks and two flush times lie between the ends. */
const toleranceUs = 10_000_000;
/** A long connection is looked for where it was last seen. */
const peerReachUs = 301_000_000;

/** The newest segment of one of the hosts that has the same ends the other way round, at the time of this one's newest. */
export async function selectPeer(
  db: Kysely<Database>,
  query: { hostIds: readonly number[]; ends: Ends; not: { hostId: number; id: string }; aboutUs: number },
): Promise<PeerRow | undefined> {
  const { hostIds, ends, not, aboutUs } = query;
  const { rows } = await sql<PeerRow>`
    select host_id as "hostId", lpad(to_hex(connection_id), 16, '0') as id, pid, comm as process,
           lpad(to_hex(process_id), 16, '0') as "processId"
      from connection_segment
     where host_id = any(${hostIds}::int4[])
       and seg_end > ${timestamp(aboutUs - peerReachUs - toleranceUs)} and seg_end <= ${timestamp(aboutUs + peerReachUs + toleranceUs)}
       and protocol = ${ends.protocol}
       and local_address = ${ends.remoteAddress}::text::inet and local_port = ${ends.remotePort}
       and remote_address = ${ends.localAddress}::text::inet and remote_port = ${ends.localPort}
       and not (host_id = ${not.hostId} and connection_id = ${idOf(not.id)})
     order by abs(extract(epoch from seg_end - ${timestamp(aboutUs)})) limit 1`.execute(db);
  return rows[0];
}
