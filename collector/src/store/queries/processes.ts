// Processes of a host that ran at an instant or within a span, one process with its parents, and what they used, by the minute.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { Carried } from './bandwidth.ts';
import { timestamp, unixUs } from './connections.ts';

export interface ProcessRow {
  /** 16 hex digits. */
  id: string;
  pid: number;
  parentPid: number;
  process: string;
  executable: string;
  commandLine: string;
  uid: number;
  user: string;
  cgroup: string;
  unit: string;
  containerRuntime: string;
  containerId: string;
  startedAt: Date;
  firstSeenAt: Date;
  lastSeenAt: Date;
  exitedAt: Date | null;
  /** Seconds of the minutes that were seen; null = none. */
  seconds: number | null;
  cpuUs: number | null;
  memoryBytes: number | null;
  threads: number | null;
  connections: number | null;
  rxBytes: number | null;
  txBytes: number | null;
}

/** A process whose exit nobody saw (a crash of its host) counts as gone this long after it was last seen. */
const lastSeenReachUs = 300_000_000;
/** The minute that holds T, or the one before while that one is still to come. */
const minuteReachUs = 120_000_000;

const identity = sql`
  lpad(to_hex(p.process_id), 16, '0') as id, p.pid, p.parent_pid as "parentPid", p.comm as process, p.executable,
  p.command_line as "commandLine", p.uid, p.user_name as "user", p.cgroup, p.unit,
  p.container_runtime as "containerRuntime", p.container_id as "containerId", p.started_at as "startedAt",
  p.first_seen_at as "firstSeenAt", p.last_seen_at as "lastSeenAt", p.exited_at as "exitedAt"`;
const use = sql`
  m.seconds, m.cpu_us as "cpuUs", m.memory_bytes as "memoryBytes", m.threads, m.connections, m.rx_bytes as "rxBytes",
  m.tx_bytes as "txBytes"`;

/** What ran at the instant, with the minute around it; or within the span, with the sums and peaks of its minutes. */
export async function selectProcesses(
  db: Kysely<Database>,
  query: { hostId: number; limit: number } & ({ atUs: number } | { fromUs: number; toUs: number }),
): Promise<ProcessRow[]> {
  const [fromUs, toUs] = 'atUs' in query ? [query.atUs, query.atUs] : [query.fromUs, query.toUs];
  const minutes = 'atUs' in query ? minuteAt(query.hostId, query.atUs) : minutesIn(query.hostId, fromUs, toUs);
  const { rows } = await sql<ProcessRow>`
    select ${identity}, ${use}
      from process p
      left join (${minutes}) m on m.process_id = p.process_id
     where p.host_id = ${query.hostId} and p.started_at <= ${timestamp(toUs)}
       and (p.exited_at > ${timestamp(fromUs)}
            or (p.exited_at is null and (m.process_id is not null or p.last_seen_at > ${timestamp(fromUs - lastSeenReachUs)})))
     order by p.process_id
     limit ${query.limit}`.execute(db);
  return rows;
}

function minuteAt(hostId: number, atUs: number): RawBuilder<unknown> {
  return sql`
    select distinct on (process_id) process_id, seconds, cpu_us, memory_bytes, threads, connections, rx_bytes, tx_bytes
      from process_1m
     where host_id = ${hostId} and ts > ${timestamp(atUs - minuteReachUs)} and ts <= ${timestamp(atUs)}
     order by process_id, ts desc`;
}

function minutesIn(hostId: number, fromUs: number, toUs: number): RawBuilder<unknown> {
  return sql`
    select process_id, sum(seconds)::int8 as seconds, sum(cpu_us)::int8 as cpu_us, max(memory_bytes) as memory_bytes,
           max(threads) as threads, max(connections) as connections, sum(rx_bytes)::int8 as rx_bytes,
           sum(tx_bytes)::int8 as tx_bytes
      from process_1m
     where host_id = ${hostId} and ts >= ${timestamp(fromUs)} and ts < ${timestamp(toUs)}
     group by process_id`;
}

/** Ids are 16 hex digits. */
const idOf = (id: string) => sql`('x' || ${id}::text)::bit(64)::int8`;

/** With its newest minute. */
export async function selectProcess(db: Kysely<Database>, hostId: number, id: string): Promise<ProcessRow | undefined> {
  const { rows } = await sql<ProcessRow>`
    select ${identity}, ${use}
      from process p
      left join lateral (
        select seconds, cpu_us, memory_bytes, threads, connections, rx_bytes, tx_bytes
          from process_1m
         where host_id = p.host_id and process_id = p.process_id
           and ts > p.last_seen_at - interval '5 minutes' and ts <= p.last_seen_at
         order by ts desc limit 1
      ) m on true
     where p.host_id = ${hostId} and p.process_id = ${idOf(id)}`.execute(db);
  return rows[0];
}

/** Deep enough for every tree that people make; a loop in what a host told ends here too. */
const mostParents = 32;

/** The parent first. */
export async function selectParents(db: Kysely<Database>, hostId: number, id: string): Promise<ProcessRow[]> {
  const { rows } = await sql<ProcessRow>`
    with recursive chain as (
      select parent_process_id as process_id, 1 as depth from process
       where host_id = ${hostId} and process_id = ${idOf(id)}
      union all
      select p.parent_process_id, depth + 1 from chain join process p on p.host_id = ${hostId} and p.process_id = chain.process_id
       where depth < ${mostParents}
    )
    select ${identity}, null::int8 as seconds, null::int8 as "cpuUs", null::int8 as "memoryBytes", null::int4 as threads,
           null::int4 as connections, null::int8 as "rxBytes", null::int8 as "txBytes"
      from chain join process p on p.host_id = ${hostId} and p.process_id = chain.process_id
     order by depth`.execute(db);
  return rows;
}

/** Minutes within the span, summed in steps of `stepUs` that count from `fromUs`. */
export async function selectProcessMinutes(
  db: Kysely<Database>,
  query: { hostId: number; id: string; fromUs: number; toUs: number; stepUs: number },
): Promise<Carried[]> {
  const { fromUs, toUs, stepUs } = query;
  const { rows } = await sql<Carried>`
    select (${fromUs}::int8 + div(${unixUs(sql`ts`)} - ${fromUs}::int8, ${stepUs}::int8) * ${stepUs}::int8)::int8 as "timeUs",
           sum(seconds)::int8 as seconds, sum(rx_bytes)::int8 as "rxBytes", sum(tx_bytes)::int8 as "txBytes"
      from process_1m
     where host_id = ${query.hostId} and process_id = ${idOf(query.id)} and rx_bytes is not null and tx_bytes is not null
       and ts >= ${timestamp(fromUs)} and ts < ${timestamp(toUs)}
     group by 1 order by 1`.execute(db);
  return rows;
}

export interface ApplicationRow {
  process: string;
  rxBytes: number;
  txBytes: number;
  processes: number;
  cpuUs: number;
}

/** What the processes of each name carried in the minutes of the span, most bytes first. */
export async function selectApplications(
  db: Kysely<Database>,
  query: { hostId: number; fromUs: number; toUs: number },
): Promise<ApplicationRow[]> {
  const { rows } = await sql<ApplicationRow>`
    select coalesce(p.comm, '') as process, coalesce(sum(m.rx_bytes), 0)::int8 as "rxBytes",
           coalesce(sum(m.tx_bytes), 0)::int8 as "txBytes", count(*)::int4 as processes, sum(m.cpu_us)::int8 as "cpuUs"
      from (${minutesIn(query.hostId, query.fromUs, query.toUs)}) m
      left join process p on p.host_id = ${query.hostId} and p.process_id = m.process_id
     group by 1
     order by coalesce(sum(m.rx_bytes), 0) + coalesce(sum(m.tx_bytes), 0) desc, 1`.execute(db);
  return rows;
}
