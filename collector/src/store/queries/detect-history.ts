// The rows that detection looks at, in slices of time: of each the transaction that wrote it, so that none is looked at twice.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp, unixUs } from './connections.ts';

/** Unix microseconds; the end is in it, the beginning is not. */
export interface HistorySlice {
  fromUs: number;
  toUs: number;
  /** undefined: all hosts. */
  hostIds: readonly number[] | undefined;
  /** xid8; rows of older ones may be left out. undefined: none are. */
  oldestTransaction: bigint | undefined;
  /** Rows of each kind. */
  limit: number;
}

interface Written {
  hostId: number;
  /** xid8 in decimal digits. */
  transaction: string;
}

/** Ids are decimal digits, times Unix microseconds. */
export interface SegmentRow extends Written {
  id: string;
  startUs: number;
  endUs: number;
  openedUs: number;
  openedBefore: boolean;
  closed: boolean;
  processId: string | null;
  pid: number | null;
  comm: string;
  protocol: number;
  state: number;
  direction: number;
  localAddress: string;
  localPort: number;
  remoteAddress: string | null;
  remotePort: number | null;
  rxBytes: number | null;
  txBytes: number | null;
  rxPackets: number | null;
  txPackets: number | null;
  rttUs: number | null;
  name: string | null;
  nameSource: number;
  count: number;
}

export interface ExchangeRow extends Written {
  id: string;
  askedUs: number;
  processId: string | null;
  pid: number | null;
  comm: string;
  role: number;
  service: number;
  transport: number;
  peerAddress: string;
  peerPort: number;
  name: string;
  type: number;
  answered: boolean;
  rcode: number | null;
  addresses: string[];
  queryBytes: number | null;
  answerBytes: number | null;
  count: number;
}

export interface ScanRow extends Written {
  startUs: number;
  endUs: number;
  scan: number;
  source: string;
  localAddress: string;
  localPort: number | null;
  ports: number;
  packets: number;
}

/** It started, or (exited) ended, within the slice. */
export interface ProcessStartRow extends Written {
  processId: string;
  atUs: number;
  startedUs: number;
  exited: boolean;
  executable: string;
  commandLine: string;
  comm: string;
  pid: number;
}

export interface ProcessMinuteRow extends Written {
  processId: string;
  pid: number;
  minuteUs: number;
  seconds: number;
  cpuUs: number;
  memoryBytes: number;
  rxBytes: number | null;
  txBytes: number | null;
  connections: number;
}

export interface HostMinuteRow extends Written {
  minuteUs: number;
  seconds: number;
  cpuPermilleSum: number | null;
  memoryBytes: number | null;
  rxBytes: number | null;
  txBytes: number | null;
  connections: number | null;
}

export interface GapSliceRow extends Written {
  startUs: number;
  endUs: number;
  reason: string;
}

export interface HistoryRows {
  segments: SegmentRow[];
  exchanges: ExchangeRow[];
  scans: ScanRow[];
  processes: ProcessStartRow[];
  processMinutes: ProcessMinuteRow[];
  hostMinutes: HostMinuteRow[];
  gaps: GapSliceRow[];
}

export type SliceKind = keyof HistoryRows;

/**
 * A row's 32-bit transaction number with the epoch of now: rows are never of later ones than the snapshot's next, so one that
 * seems to be is of the epoch before.
 */
const written = (table: string) => {
  const xmin = sql`${sql.ref(`${table}.xmin`)}::text::int8`;
  const next = sql`pg_snapshot_xmax(pg_current_snapshot())::text::int8`;
  const inEpoch = sql`((${next} >> 32) << 32) + ${xmin}`;
  return sql`(case when ${inEpoch} > ${next} then ${inEpoch} - 4294967296 else ${inEpoch} end)::text`;
};

/** A minute is known when it is over. */
const minuteUs = 60_000_000;

export async function readSlice(
  db: Kysely<Database>,
  kinds: readonly SliceKind[],
  slice: HistorySlice,
): Promise<HistoryRows> {
  const rows: HistoryRows = {
    ...{ segments: [], exchanges: [], scans: [], processes: [], processMinutes: [], hostMinutes: [], gaps: [] },
  };
  for (const kind of kinds) {
    const { rows: found } = await queries[kind](slice).execute(db);
    Object.assign(rows, { [kind]: found });
  }
  return rows;
}

const queries: Record<SliceKind, (slice: HistorySlice) => RawBuilder<unknown>> = {
  segments: (slice) => sql`
    select t.host_id as "hostId", ${written('t')} as transaction, connection_id::text as id, ${unixUs(sql`seg_start`)} as "startUs",
           ${unixUs(sql`seg_end`)} as "endUs", ${unixUs(sql`started_at`)} as "openedUs", started_before as "openedBefore", closed,
           process_id::text as "processId", pid, comm, protocol, state, direction, host(local_address) as "localAddress", local_port as "localPort",
           host(remote_address) as "remoteAddress", remote_port as "remotePort", rx_bytes as "rxBytes", tx_bytes as "txBytes",
           rx_packets as "rxPackets", tx_packets as "txPackets", rtt_us as "rttUs", name, name_source as "nameSource",
           connection_count as count
      from connection_segment t where ${within(sql`seg_end`, slice)}`,
  exchanges: (slice) => sql`
    select t.host_id as "hostId", ${written('t')} as transaction, exchange_id::text as id, ${unixUs(sql`asked_at`)} as "askedUs",
           process_id::text as "processId", pid, comm, role, kind as service, transport, host(peer_address) as "peerAddress",
           peer_port as "peerPort", name, type, answered, rcode, array(select host(a) from unnest(addresses) a) as addresses,
           query_bytes as "queryBytes", answer_bytes as "answerBytes", exchange_count as count
      from dns_exchange t where ${within(sql`asked_at`, slice)}`,
  scans: (slice) => sql`
    select t.host_id as "hostId", ${written('t')} as transaction, ${unixUs(sql`scan_start`)} as "startUs",
           ${unixUs(sql`scan_end`)} as "endUs", kind as scan, host(source_address) as source,
           host(local_address) as "localAddress", local_port as "localPort", ports, packets
      from scan_evidence t where ${within(sql`scan_end`, slice)}`,
  processes: (slice) => sql`
    select t.host_id as "hostId", ${written('t')} as transaction, process_id::text as "processId", ${unixUs(sql`at`)} as "atUs",
           ${unixUs(sql`started_at`)} as "startedUs", exited, executable, command_line as "commandLine", comm, pid
      from process t
      cross join lateral (values (greatest(started_at, first_seen_at), false), (exited_at, true)) moments (at, exited)
     where ${within(sql`at`, slice)}`,
  processMinutes: (slice) => sql`
    select t.host_id as "hostId", ${written('t')} as transaction, process_id::text as "processId", pid,
           ${unixUs(sql`ts`)} as "minuteUs", seconds, cpu_us as "cpuUs", memory_bytes as "memoryBytes", rx_bytes as "rxBytes",
           tx_bytes as "txBytes", connections
      from process_1m t where ${within(sql`ts`, earlier(slice))}`,
  hostMinutes: (slice) => sql`
    select t.host_id as "hostId", ${written('t')} as transaction, ${unixUs(sql`ts`)} as "minuteUs", seconds,
           cpu_permille_sum as "cpuPermilleSum", memory_bytes_max as "memoryBytes", rx_bytes as "rxBytes", tx_bytes as "txBytes",
           connections_max as connections
      from metric_1m t where subject = '' and ${within(sql`ts`, earlier(slice))}`,
  gaps: (slice) => sql`
    select t.host_id as "hostId", ${written('t')} as transaction, ${unixUs(sql`gap_start`)} as "startUs",
           ${unixUs(sql`gap_end`)} as "endUs", reason
      from gap t where ${within(sql`gap_end`, slice)}`,
};

const earlier = (slice: HistorySlice): HistorySlice => ({
  ...slice,
  fromUs: slice.fromUs - minuteUs,
  toUs: slice.toUs - minuteUs,
});

function within(at: RawBuilder<unknown>, { fromUs, toUs, hostIds, oldestTransaction, limit }: HistorySlice) {
  const hosts = hostIds === undefined ? sql`true` : sql`t.host_id = any(${hostIds}::int4[])`;
  // Compared by age, which is right beyond the wrap of 32 bits too; one more, since age counts from the next transaction.
  const young =
    oldestTransaction === undefined
      ? sql`true`
      : sql`age(t.xmin) <= pg_snapshot_xmax(pg_current_snapshot())::text::int8 - ${oldestTransaction.toString()}::int8 + 1`;
  return sql`${at} > ${timestamp(fromUs)} and ${at} <= ${timestamp(toUs)} and ${hosts} and ${young} limit ${limit}`;
}

export interface ProcessFactRow {
  hostId: number;
  id: string;
  pid: number;
  comm: string;
  executable: string;
  parentComm: string;
  user: string;
  unit: string;
  container: string;
}

const facts = sql`
  p.host_id as "hostId", p.process_id::text as id, p.pid, p.comm, p.executable, coalesce(parent.comm, '') as "parentComm",
  p.user_name as "user", p.unit, p.container_id as container`;
const withParent = sql`
  left join process parent on parent.host_id = p.host_id and parent.process_id = p.parent_process_id`;

export async function readProcessesOf(
  db: Kysely<Database>,
  wanted: readonly { hostId: number; id: string }[],
): Promise<ProcessFactRow[]> {
  if (wanted.length === 0) return [];
  const { rows } = await sql<ProcessFactRow>`
    select ${facts}
      from process p join unnest(${wanted.map(({ hostId }) => hostId)}::int4[], ${wanted.map(({ id }) => id)}::int8[])
        as w (host_id, process_id) using (host_id, process_id) ${withParent}`.execute(db);
  return rows;
}

/** Of a host that is heard again: what still runs, as far as is known, the last seen first. */
export async function readRunningProcesses(
  db: Kysely<Database>,
  hostId: number,
  limit: number,
): Promise<ProcessFactRow[]> {
  const { rows } = await sql<ProcessFactRow>`
    select ${facts} from process p ${withParent}
     where p.host_id = ${hostId} and p.exited_at is null
     order by p.last_seen_at desc limit ${limit}`.execute(db);
  return rows;
}

/** The transaction that comes next: whatever is written from now on is of this one or a later one. */
export async function nextTransaction(db: Kysely<Database>): Promise<bigint> {
  const { rows } = await sql<{ next: string }>`select pg_snapshot_xmax(pg_current_snapshot())::text as next`.execute(
    db,
  );
  return BigInt(rows[0]!.next);
}

export interface HostSetUp {
  cpus: number;
  /** Of the IANA database; empty = not known. */
  timeZone: string;
}

export async function readHostSetUps(db: Kysely<Database>): Promise<Map<number, HostSetUp>> {
  const rows = await db.selectFrom('host').select(['host_id', 'cpus', 'time_zone']).execute();
  return new Map(rows.map(({ host_id: hostId, cpus, time_zone: timeZone }) => [hostId, { cpus, timeZone }]));
}
