// What was carried with each far address within a span, for maps: the addresses that carried most, and one row for the rest.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp } from './connections.ts';

export interface AddressTraffic {
  /** null: all addresses beyond the bound together. */
  address: string | null;
  rxBytes: number;
  txBytes: number;
  connections: number;
  addresses: number;
  hostIds: number[];
}

/**
 * Of segments that ended within the span. A connection counts at its first segment, or at the one that reaches into the span,
 * a row that folds many as many, so that nothing is grouped by connection. `hostIds` undefined: all hosts.
 */
export async function selectAddressTraffic(
  db: Kysely<Database>,
  query: { hostIds: readonly number[] | undefined; fromUs: number; toUs: number; most: number },
): Promise<AddressTraffic[]> {
  const { hostIds, fromUs, toUs, most } = query;
  const from = timestamp(fromUs);
  const ofHosts = hostIds === undefined ? sql`true` : sql`host_id = any(${[...hostIds]}::int4[])`;
  const { rows } = await sql<AddressTraffic>`
    with host_sum as (
           select remote_address, host_id, coalesce(sum(rx_bytes), 0) as rx, coalesce(sum(tx_bytes), 0) as tx,
                  coalesce(sum(connection_count) filter (
                    where connection_count > 1 or seg_start <= ${from} or seg_start <= started_at), 0) as n
             from connection_segment
            where seg_end > ${from} and seg_end <= ${timestamp(toUs)} and remote_address is not null and ${ofHosts}
            group by remote_address, host_id
         ),
         address_sum as (
           select remote_address, sum(rx) as rx, sum(tx) as tx, sum(n) as n, array_agg(host_id) as host_ids,
                  row_number() over (order by sum(rx) + sum(tx) desc, remote_address) as place
             from host_sum group by remote_address
         )
    select host(remote_address) as address, rx::int8 as "rxBytes", tx::int8 as "txBytes", n::int8 as connections,
           1 as addresses, host_ids as "hostIds"
      from address_sum where place <= ${most}
     union all
    select null, sum(rx)::int8, sum(tx)::int8, sum(n)::int8, count(*)::int4, '{}'
      from address_sum where place > ${most} having count(*) > 0`.execute(db);
  return rows;
}
