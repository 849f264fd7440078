// Connections out of the history: those open at an instant, and those active in a span, with filters, any order, and keyset pages.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { OrderedKey } from '../recent/first-rows.ts';
import type { RecentSegments } from '../recent/recent-segments.ts';
import type { Database } from '../schema.ts';
import { connectionFilter, type ConnectionFilter } from './connection-filter.ts';
import { type ConnectionColumn, rxRate, sortColumns, txRate } from './connection-sort.ts';

/** Between two segments of an open connection pass at most 300 s; the second more is for the agent's tick. */
export const segmentReachUs = 301_000_000;

/** Unix microseconds. `at`: open then. `from` and `to`: active in between. `now` decides which segments may still be to come. */
export type ConnectionTime = { atUs: number; nowUs: number } | { fromUs: number; toUs: number; nowUs: number };

export interface ConnectionQuery {
  time: ConnectionTime;
  filter: ConnectionFilter;
  sort: { column: ConnectionColumn; descending: boolean };
  limit: number;
  after?: ConnectionKey | undefined;
}

/** Where a page ended: the sort column as text (null = unknown), then what makes the order total. */
export interface ConnectionKey {
  value: string | null;
  hostId: number;
  /** 16 hex digits. */
  id: string;
  endUs: number;
}

export interface ConnectionRow {
  hostId: number;
  /** 16 hex digits. */
  id: string;
  endUs: number;
  startedAt: Date;
  startedBefore: boolean;
  endedAt: Date | null;
  processId: string | null;
  pid: number | null;
  process: string;
  unit: string | null;
  containerRuntime: string | null;
  containerId: string | null;
  uid: number;
  protocol: number;
  state: number;
  direction: number;
  localAddress: string;
  localPort: number;
  remoteAddress: string | null;
  remotePort: number | null;
  rxBytes: number | null;
  txBytes: number | null;
  rxRate: number | null;
  txRate: number | null;
  rttUs: number | null;
  retransmissions: number | null;
  name: string | null;
  nameSource: number;
  alpn: string | null;
  ownerRule: number;
  connectionCount: number;
  sortValue: string | null;
}

/** At most `limit` rows after the key. Unknown values come last in either direction. `recent` says which, where it knows. */
export async function selectConnections(
  db: Kysely<Database>,
  query: ConnectionQuery,
  recent?: RecentSegments,
): Promise<ConnectionRow[]> {
  const keys = recent?.page(query);
  if (keys?.length === 0) return [];
  if (keys !== undefined) {
    const { rows } = await connectionsQuery(query, rowsOf(keys, query.time)).execute(db);
    if (rows.length === keys.length) return rows;
    // Somebody took them out of the database.
    recent!.forget();
  }
  const { rows } = await connectionsQuery(query).execute(db);
  return rows;
}

/** Without limit: every row, for a reader that takes them as they come. `rows`: those that may be among them. */
export function connectionsQuery(
  query: Omit<ConnectionQuery, 'limit'> & { limit?: number },
  rows = found(query.time, query.filter),
): RawBuilder<ConnectionRow> {
  const { expression, type } = sortColumns[query.sort.column];
  const direction = sql.raw(query.sort.descending ? 'desc' : 'asc');
  const [since, until] = reach(query.time);
  // Sorted is only what the order needs; all else, units and containers among it, is fetched for the page's rows.
  return sql<ConnectionRow>`
    with found as (${rows}),
         page as (
           select host_id, connection_id, seg_start, seg_end, place, rx_bytes, tx_bytes, retransmissions, covered, ended_at,
                  ${expression} as sort_key
             from found
            where ${keyset(query.after, expression, type, query.sort.descending)}
            order by sort_key ${direction} nulls last, host_id, connection_id, seg_end
            limit ${query.limit ?? null}
         )
    select page.host_id as "hostId", lpad(to_hex(connection_id), 16, '0') as "id", ${unixUs(sql`seg_end`)} as "endUs",
           segment.started_at as "startedAt", started_before as "startedBefore", ended_at as "endedAt",
           lpad(to_hex(segment.process_id), 16, '0') as "processId", segment.pid, segment.comm as "process",
           nullif(owner.unit, '') as unit, owner.container_runtime as "containerRuntime",
           nullif(owner.container_id, '') as "containerId",
           segment.uid, protocol, state, direction,
           host(local_address) as "localAddress", local_port as "localPort",
           host(remote_address) as "remoteAddress", remote_port as "remotePort",
           rx_bytes as "rxBytes", tx_bytes as "txBytes", ${rxRate} as "rxRate", ${txRate} as "txRate",
           rtt_us as "rttUs", retransmissions, name, name_source as "nameSource", alpn, owner_rule as "ownerRule", connection_count as "connectionCount",
           sort_key::text as "sortValue"
      from page
      join (select ${fetchedColumns}, seg_end as stored_end, ctid as stored_place from connection_segment) segment
        on stored_place = place and stored_end = seg_end and stored_end > ${since} and stored_end <= ${until}
      left join process owner on owner.host_id = page.host_id and owner.process_id = segment.process_id
     order by sort_key ${direction} nulls last, page.host_id, connection_id, seg_end`;
}

export interface ConnectionCount {
  hostId: number;
  process: string;
  protocol: number;
  state: number;
  connections: number;
}

/** How many connections were open at an instant, for each host, process and state. */
export async function countConnections(
  db: Kysely<Database>,
  time: ConnectionTime,
  recent?: RecentSegments,
): Promise<ConnectionCount[]> {
  const counts = recent?.count(time);
  if (counts !== undefined) return counts;
  const { rows } = await sql<ConnectionCount>`
    with found as (${found(time, {})})
    select host_id as "hostId", comm as "process", protocol, state, count(*)::int4 as connections
      from found group by host_id, comm, protocol, state`.execute(db);
  return rows;
}

/** Between which ends all segments lie that speak for a time. */
function reach(time: ConnectionTime): [Condition, Condition] {
  const [fromUs, toUs] = 'atUs' in time ? [time.atUs, time.atUs] : [time.fromUs, time.toUs];
  return [timestamp(fromUs - segmentReachUs), timestamp(toUs + segmentReachUs)];
}

/** As a query whose columns selectConnections names; `place` and `seg_end` find the row again within the same statement. */
export function found(time: ConnectionTime, filter: ConnectionFilter): RawBuilder<unknown> {
  const { fixed, changing } = connectionFilter(filter);
  return 'atUs' in time ? openAt(time, fixed, changing, filter.hostIds) : activeIn(time, fixed, changing);
}

type Condition = RawBuilder<unknown>;

/** The segments with these keys, which speak for an instant. */
function rowsOf(keys: readonly OrderedKey[], time: ConnectionTime): RawBuilder<unknown> {
  const [since, until] = reach(time);
  const ids = keys.map(({ high, low }) => String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0))));
  return sql`
    select ${segmentColumns}, null::timestamptz as ended_at, null::float8 as covered
      from unnest(${keys.map(({ hostId }) => hostId)}::int4[], ${ids}::int8[], ${keys.map(({ endUs }) => endUs)}::int8[])
             wanted(wanted_host, wanted_id, wanted_end)
      join connection_segment on host_id = wanted_host and connection_id = wanted_id and seg_end = ${timestamp(sql`wanted_end`)}
     where seg_end > ${since} and seg_end <= ${until}`;
}

/**
 * The segment that spans T: each connection has at most one, and it ends within 301 s of T. While that one may still be to
 * come, a connection's newest segment that ended before T stands for it, unless the connection closed with it.
 */
function openAt(
  time: { atUs: number; nowUs: number },
  fixed: Condition,
  changing: Condition,
  hostIds: readonly number[] | undefined,
): RawBuilder<unknown> {
  const at = timestamp(time.atUs);
  const spanning = sql`
    select ${segmentColumns} from connection_segment
     where seg_end > ${at} and seg_end <= ${timestamp(time.atUs + segmentReachUs)} and seg_start <= ${at} and ${fixed}`;
  const open =
    time.atUs > time.nowUs - segmentReachUs
      ? sql`${spanning} union all ${stillToCome(time.atUs, fixed, hostIds)}`
      : spanning;
  return sql`
    select newest.*, null::timestamptz as ended_at, null::float8 as covered
      from (${open}) newest
     where ${changing}`;
}

/** Clocks that are set while a connection is open move its next segment against the one before by no more. */
const clockToleranceUs = 10_000_000;

/**
 * Only a segment that began where another one ended can supersede it, so of all that is newer the few that began within the
 * reach are enough: those that were cut from long connections ended before it began, and those of short ones have no other.
 */
function stillToCome(atUs: number, fixed: Condition, hostIds: readonly number[] | undefined): RawBuilder<unknown> {
  const [since, at, until] = [atUs - segmentReachUs, atUs, atUs + segmentReachUs].map(timestamp) as [
    Condition,
    Condition,
    Condition,
  ];
  const ofHosts = hostIds === undefined ? sql`true` : sql`host_id = any(${hostIds}::int4[])`;
  return sql`
    select ${segmentColumns}
      from connection_segment
      left join (
        select host_id as newer_host, connection_id as newer_id, max(seg_end) as newest
          from connection_segment
         where seg_end > ${since} and seg_end <= ${until} and seg_start <= ${at}
           and seg_start > ${timestamp(atUs - segmentReachUs - clockToleranceUs)} and connection_count = 1 and ${ofHosts}
         group by host_id, connection_id
      ) newer on newer_host = host_id and newer_id = connection_id and connection_count = 1
     where seg_end > ${since} and seg_end <= ${at} and seg_start <= ${at} and not closed and ${fixed}
       and (newest is null or newest <= seg_end)`;
}

/**
 * Connections with a segment that overlaps the span. A segment that reaches beyond it counts by its share of time, so that
 * the sums of neighbouring spans add up. Near the present a connection's newest segment may lie before the span.
 */
function activeIn(
  time: { fromUs: number; toUs: number; nowUs: number },
  fixed: Condition,
  changing: Condition,
): RawBuilder<unknown> {
  const [from, to] = [timestamp(time.fromUs), timestamp(time.toUs)];
  const since = time.fromUs > time.nowUs - segmentReachUs ? timestamp(time.fromUs - segmentReachUs) : from;
  const sum = (column: Condition) => sql`round(sum(${column} * share) over whole)::int8`;
  return sql`
    select summed.*, case when closed and seg_end <= ${to} then seg_end end as ended_at
      from (
        select distinct on (host_id, connection_id, ${fold})
               ${identityColumns}, seg_start, ${sum(sql`rx_bytes`)} as rx_bytes, ${sum(sql`tx_bytes`)} as tx_bytes,
               ${sum(sql`retransmissions`)} as retransmissions, (sum(inside) over whole)::float8 as covered
          from (
            select *, case when seg_end <= ${from} then null when seg_end = seg_start then 1
                           else inside / extract(epoch from seg_end - seg_start) end as share
              from (
                select ${segmentColumns},
                       greatest(0, extract(epoch from least(seg_end, ${to}) - greatest(seg_start, ${from}))) as inside
                  from connection_segment
                 where seg_end > ${since} and seg_end <= ${timestamp(time.toUs + segmentReachUs)} and seg_start < ${to} and ${fixed}
              ) piece
          ) shared
        window whole as (partition by host_id, connection_id, ${fold})
         order by host_id, connection_id, ${fold}, seg_end desc
      ) summed
     where (seg_end > ${from} or not closed) and ${changing}`;
}

/** A row that folds many short connections stands for itself: it is never joined with another. */
const fold = sql`(case when connection_count > 1 then seg_end end)`;

const fetchedColumns = sql`
  started_at, started_before, process_id, pid, comm, uid, protocol, state, direction,
  local_address, local_port, remote_address, remote_port, rtt_us, name, name_source, alpn, owner_rule, connection_count`;
const identityColumns = sql`host_id, connection_id, seg_end, closed, place, ${fetchedColumns}`;
const segmentColumns = sql`
  host_id, connection_id, seg_end, closed, connection_segment.ctid as place, ${fetchedColumns}, seg_start, rx_bytes, tx_bytes, retransmissions`;

function keyset(
  after: ConnectionKey | undefined,
  expression: Condition,
  type: string,
  descending: boolean,
): RawBuilder<unknown> {
  if (after === undefined) return sql`true`;
  const id = sql`('x' || ${after.id}::text)::bit(64)::int8`;
  const rest = sql`(host_id, connection_id, seg_end) > (${after.hostId}::int4, ${id}, ${timestamp(after.endUs)})`;
  if (after.value === null) return sql`(${expression} is null and ${rest})`;
  const value = sql`${after.value}::text::${sql.raw(type)}`;
  const beyond = sql.raw(descending ? '<' : '>');
  return sql`(${expression} ${beyond} ${value} or ${expression} is null or (${expression} = ${value} and ${rest}))`;
}

/** Exact to the microsecond, which a Date is not. */
export function timestamp(unixUs: number | RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`('epoch'::timestamptz + ${unixUs}::int8 * interval '1 microsecond')`;
}

export function unixUs(time: RawBuilder<unknown>): RawBuilder<number> {
  return sql`(extract(epoch from ${time}) * 1000000)::int8`;
}
