// Which far addresses there are among the connections of a time: for filters that the tables cannot decide.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { type ConnectionTime, segmentReachUs, timestamp } from './connections.ts';

/** At most `most`, in no order. */
export async function selectRemoteAddresses(
  db: Kysely<Database>,
  time: ConnectionTime,
  hostIds: readonly number[] | undefined,
  most: number,
): Promise<string[]> {
  const [fromUs, toUs] = 'atUs' in time ? [time.atUs, time.atUs] : [time.fromUs, time.toUs];
  const ofHosts = hostIds === undefined ? sql`true` : sql`host_id = any(${[...hostIds]}::int4[])`;
  const { rows } = await sql<{ address: string }>`
    select host(remote_address) as address
      from (select distinct remote_address from connection_segment
             where seg_end > ${timestamp(fromUs - segmentReachUs)} and seg_end <= ${timestamp(toUs + segmentReachUs)}
               and remote_address is not null and ${ofHosts}
             limit ${most}) far`.execute(db);
  return rows.map(({ address }) => address);
}
