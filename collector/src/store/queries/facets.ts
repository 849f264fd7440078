// Counts of the connections that a filter finds, by each thing that one may filter on next.
import { type Kysely, sql } from 'kysely';
import type { RecentFacets } from '../recent/facet-tally.ts';
import type { RecentSegments } from '../recent/recent-segments.ts';
import type { Database } from '../schema.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { type ConnectionTime, found } from './connections.ts';

export interface FacetCount {
  facet: 'state' | 'process' | 'host' | 'remote' | 'unit' | 'container';
  protocol: number | null;
  state: number | null;
  direction: number | null;
  hostId: number | null;
  value: string | null;
  runtime: string | null;
  connections: number;
}

/** Of each facet, the largest; states with their protocol and direction are few and all there. */
export const mostFacetValues = 20;

/** Of `by_owner`, which has processes and how many connections each has. */
const owned = sql`
  select p.unit, p.container_runtime, p.container_id, n
    from by_owner join process p on p.host_id = by_owner.host_id and p.process_id = by_owner.process_id
   where p.unit <> '' or p.container_id <> ''`;

const byUnitAndContainer = sql`
  (select 'unit' as facet, null::int2 as protocol, null::int2 as state, null::int2 as direction, null::int4 as host_id, unit as value,
          null::text as runtime, sum(n) as n
     from owned where unit <> '' group by unit order by n desc, unit limit ${mostFacetValues})
  union all
  (select 'container', null, null, null, null, container_id, container_runtime, sum(n) as n from owned
    where container_id <> '' group by container_runtime, container_id order by n desc, container_id limit ${mostFacetValues})`;

const counted = sql`
  select facet, protocol, state, direction, host_id as "hostId", value, runtime, n::int4 as connections from counted`;

export async function selectFacets(
  db: Kysely<Database>,
  query: { time: ConnectionTime; filter: ConnectionFilter },
  recent?: RecentSegments,
): Promise<FacetCount[]> {
  const known = recent?.facets(query);
  if (known !== undefined) return [...known.counts, ...(await countOwned(db, known.owners))];
  const { rows } = await sql<FacetCount>`
    with found as materialized (
           select host_id, process_id, comm, protocol, state, direction, remote_address
             from (${found(query.time, query.filter)}) whole
         ),
         by_owner as (
           select host_id, process_id, count(*) as n from found where process_id is not null group by host_id, process_id
         ),
         owned as (${owned}),
         counted as (
           select 'state' as facet, protocol, state, direction, null::int4 as host_id, null::text as value, null::text as runtime, count(*) as n
             from found group by protocol, state, direction
           union all
           (select 'process', null, null, null, null, comm, null, count(*) as n from found where comm <> '' group by comm
             order by n desc, comm limit ${mostFacetValues})
           union all
           (select 'host', null, null, null, host_id, null, null, count(*) as n from found group by host_id
             order by n desc, host_id limit ${mostFacetValues})
           union all
           (select 'remote', null, null, null, null, host(remote_address), null, count(*) as n from found
             where remote_address is not null group by remote_address order by n desc, remote_address limit ${mostFacetValues})
           union all
           ${byUnitAndContainer}
         )
    ${counted}`.execute(db);
  return rows;
}

async function countOwned(db: Kysely<Database>, owners: RecentFacets['owners']): Promise<FacetCount[]> {
  const ids = owners.map(({ processId }) => String(BigInt.asIntN(64, BigInt(`0x${processId}`))));
  const { rows } = await sql<FacetCount>`
    with by_owner as (
           select * from unnest(${owners.map(({ hostId }) => hostId)}::int4[], ${ids}::int8[],
             ${owners.map(({ connections }) => connections)}::int4[]) as given(host_id, process_id, n)
         ),
         owned as (${owned}),
         counted as (${byUnitAndContainer})
    ${counted}`.execute(db);
  return rows;
}
