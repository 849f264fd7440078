// Who talked to an address, and what it was called, within a span of the record.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface AddressQuestion {
  address: string;
  hostIds: readonly number[];
  from: Date;
  to: Date;
}

export interface AddressUseRow {
  hostId: number;
  connections: number;
  rxBytes: number;
  txBytes: number;
  processes: string[];
  lastSeenAt: Date;
}

const mostHosts = 100;
const mostNames = 20;
const mostProcesses = 10;

/** By host, most bytes first. A connection counts once, however many segments it has. */
export async function selectAddressUse(db: Kysely<Database>, question: AddressQuestion): Promise<AddressUseRow[]> {
  const { rows } = await sql<AddressUseRow>`
    select host_id as "hostId", sum(opened)::int8 as connections, least(sum(rx), 9007199254740991)::int8 as "rxBytes",
           least(sum(tx), 9007199254740991)::int8 as "txBytes", max(seen) as "lastSeenAt",
           (array_agg(distinct comm) filter (where comm <> ''))[1:${sql.lit(mostProcesses)}] as processes
      from (select host_id, comm, max(connection_count) as opened, sum(coalesce(rx_bytes, 0)) as rx,
                   sum(coalesce(tx_bytes, 0)) as tx, max(seg_end) as seen
              from connection_segment where ${matches(question)} group by host_id, connection_id, comm) c
     group by host_id order by sum(rx + tx) desc, host_id limit ${mostHosts}`.execute(db);
  return rows.map((row) => ({ ...row, processes: row.processes ?? [] }));
}

/** Newest first. */
export async function selectAddressNames(db: Kysely<Database>, question: AddressQuestion): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from connection_segment where ${matches(question)} and name is not null and name <> ''
     group by name order by max(seg_end) desc limit ${mostNames}`.execute(db);
  return rows.map(({ name }) => name);
}

const matches = ({ address, hostIds, from, to }: AddressQuestion) => sql`
  remote_address = ${address}::inet and seg_end >= ${from}::timestamptz and seg_end < ${to}::timestamptz
  and host_id = any(${[...hostIds]}::int4[])`;
