// DNS exchanges out of the history: pages in any order, and counts by what one may filter on next.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp, unixUs } from './connections.ts';
import { dnsCondition, type DnsFilter } from './dns-filter.ts';
import { addressColumn, beyond, numberColumn, type RowKey, textColumn, timeColumn } from './row-key.ts';

/** Unix microseconds; both ends are in it. */
export interface DnsSpan {
  fromUs: number;
  toUs: number;
}

export interface DnsQuery {
  span: DnsSpan;
  filter: DnsFilter;
  sort: { column: DnsColumn; descending: boolean };
  limit?: number | undefined;
  after?: RowKey | undefined;
}

export interface DnsRow {
  hostId: number;
  /** 16 hex digits, as those below. */
  id: string;
  askedUs: number;
  answered: boolean;
  latencyUs: number | null;
  pid: number | null;
  process: string;
  processId: string | null;
  unit: string | null;
  containerRuntime: string | null;
  containerId: string | null;
  connectionId: string | null;
  transport: number;
  kind: number;
  role: number;
  forwarded: boolean;
  peerAddress: string;
  peerPort: number;
  name: string;
  type: number;
  rcode: number | null;
  truncated: boolean;
  addresses: string[];
  canonicalNames: string[];
  queryBytes: number | null;
  answerBytes: number | null;
  count: number;
  sortValue: string | null;
}

export const dnsSortColumns = {
  askedAt: timeColumn(sql`asked_at`),
  latencyUs: numberColumn(sql`latency_us`),
  hostId: numberColumn(sql`host_id`),
  process: textColumn(sql`nullif(comm, '')`),
  pid: numberColumn(sql`pid`),
  name: textColumn(sql`name`),
  type: numberColumn(sql`type`),
  rcode: numberColumn(sql`rcode`),
  peerAddress: addressColumn(sql`peer_address`),
  answerBytes: numberColumn(sql`answer_bytes`),
  count: numberColumn(sql`exchange_count`),
} as const;

export type DnsColumn = keyof typeof dnsSortColumns;
export const dnsColumns = Object.keys(dnsSortColumns) as DnsColumn[];

export async function selectDns(db: Kysely<Database>, query: DnsQuery & { limit: number }): Promise<DnsRow[]> {
  return (await dnsQuery(query).execute(db)).rows;
}

/** Without limit: every row, for a reader that takes them as they come. */
export function dnsQuery({ span, filter, sort, limit, after }: DnsQuery): RawBuilder<DnsRow> {
  const column = dnsSortColumns[sort.column];
  const direction = sql.raw(sort.descending ? 'desc' : 'asc');
  return sql<DnsRow>`
    with ${found(span, filter)},
         page as (
           select *, ${column.expression} as sort_key
             from found
            where ${beyond(after, column, sort.descending, sql`exchange_id`)}
            order by sort_key ${direction} nulls last, host_id, exchange_id
            limit ${limit ?? null}
         )
    select page.host_id as "hostId", lpad(to_hex(exchange_id), 16, '0') as id, ${unixUs(sql`asked_at`)} as "askedUs", answered,
           latency_us as "latencyUs", page.pid, page.comm as process, lpad(to_hex(page.process_id), 16, '0') as "processId",
           nullif(owner.unit, '') as unit, owner.container_runtime as "containerRuntime",
           nullif(owner.container_id, '') as "containerId", lpad(to_hex(connection_id), 16, '0') as "connectionId",
           transport, kind, role, forwarded, host(peer_address) as "peerAddress", peer_port as "peerPort", name, type, rcode,
           truncated, (select coalesce(array_agg(host(address) order by place), '{}')
                         from unnest(addresses) with ordinality answer (address, place)) as addresses,
           canonical_names as "canonicalNames", query_bytes as "queryBytes", answer_bytes as "answerBytes",
           exchange_count as count, sort_key::text as "sortValue"
      from page left join process owner on owner.host_id = page.host_id and owner.process_id = page.process_id
     order by sort_key ${direction} nulls last, page.host_id, exchange_id`;
}

/** How long before and after the span a process's answers to others make it a resolver. */
const resolverReachUs = 300_000_000;
/** As the wire numbers them. */
const client = sql.lit(1);
const server = sql.lit(2);
const unicast = sql.lit(1);

/**
 * The CTEs `resolver` and `found`. A process that answers questions is a resolver, and what it asks itself it asks for others
 * (a stub such as systemd-resolved): those questions are `forwarded`. Multicast DNS is left out of this, since there every
 * host answers for itself.
 */
function found(span: DnsSpan, filter: DnsFilter): RawBuilder<unknown> {
  const { fromUs, toUs } = span;
  const ofHosts = filter.hostIds === undefined ? sql`true` : sql`host_id = any(${filter.hostIds}::int4[])`;
  const forwarded = sql`role = ${client} and kind = ${unicast}
    and coalesce((host_id, process_id) in (select host_id, process_id from resolver), false)`;
  return sql`
    resolver as materialized (
      select distinct host_id, process_id from dns_exchange
       where asked_at >= ${timestamp(fromUs - resolverReachUs)} and asked_at <= ${timestamp(toUs + resolverReachUs)}
         and role = ${server} and kind = ${unicast} and process_id is not null and ${ofHosts}
    ),
    found as (
      select *, ${forwarded} as forwarded
        from dns_exchange
       where asked_at >= ${timestamp(fromUs)} and asked_at <= ${timestamp(toUs)} and ${dnsCondition(filter)}
         and ${filter.forwarded ? sql`true` : sql`not (${forwarded})`}
    )`;
}

export interface DnsTotals {
  total: number;
  answered: number;
  nxdomain: number;
  latencyP50Us: number | null;
  latencyP95Us: number | null;
}

export interface DnsCount {
  facet: 'name' | 'process' | 'type' | 'rcode' | 'host' | 'resolver';
  value: string;
  exchanges: number;
}

const mostFacetValues = 20;
const nxdomain = sql.lit(3);

/** Folded exchanges count each; the percentiles are over rows. */
export async function selectDnsFacets(
  db: Kysely<Database>,
  { span, filter }: Pick<DnsQuery, 'span' | 'filter'>,
): Promise<{ totals: DnsTotals; counts: DnsCount[] }> {
  const counted = (facet: DnsCount['facet'], value: RawBuilder<unknown>, condition = sql`true`) => sql`
    (select ${sql.lit(facet)} as facet, ${value}::text as value, sum(exchange_count)::int8 as exchanges
       from found where ${condition} group by 2 order by 3 desc, 2 limit ${sql.lit(mostFacetValues)})`;
  const { rows } = await sql<DnsTotals & { counts: DnsCount[] }>`
    with ${found(span, filter)},
         counted as (
           ${sql.join(
             [
               counted('name', sql`name`),
               counted('process', sql`comm`, sql`comm <> ''`),
               counted('type', sql`type`),
               counted('rcode', sql`rcode`, sql`rcode is not null`),
               counted('host', sql`host_id`),
               counted('resolver', sql`host(peer_address)`, sql`role = ${client}`),
             ],
             sql` union all `,
           )}
         )
    select coalesce(sum(exchange_count), 0)::int8 as total,
           coalesce(sum(exchange_count) filter (where answered), 0)::int8 as answered,
           coalesce(sum(exchange_count) filter (where rcode = ${nxdomain}), 0)::int8 as nxdomain,
           percentile_disc(0.5) within group (order by latency_us) as "latencyP50Us",
           percentile_disc(0.95) within group (order by latency_us) as "latencyP95Us",
           (select coalesce(jsonb_agg(to_jsonb(counted)), '[]') from counted) as counts
      from found`.execute(db);
  const { counts, ...totals } = rows[0]!;
  return { totals, counts };
}
