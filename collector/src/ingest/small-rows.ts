// Writes what comes in few rows: minutes, processes and gaps, by one statement each over arrays of columns.
import { Metric } from '@foretop/proto';
import type pg from 'pg';
import type { Hash64 } from '../store/siphash.ts';
import type { GapRow } from './gaps.ts';
import { mergeMinutes, type MetricMinute } from './metrics.ts';
import { mergeProcesses, type ProcessRow } from './processes.ts';

/** Adds to minutes that are there already: a minute may come in parts, each part comes once. */
export async function addMetricMinutes(client: pg.ClientBase, parts: readonly MetricMinute[]): Promise<void> {
  const minutes = mergeMinutes(parts);
  if (minutes.length === 0) return;
  const sum = (metric: Metric) => minutes.map((minute) => minute.series.get(metric)?.sum ?? null);
  const max = (metric: Metric) => minutes.map((minute) => minute.series.get(metric)?.max ?? null);
  await client.query(minuteUpsert, [
    minutes.map((minute) => minute.hostId),
    minutes.map((minute) => seconds(minute.minuteUs)),
    minutes.map((minute) => minute.subject),
    minutes.map((minute) => Math.min(minute.seconds, 60)),
    sum(Metric.METRIC_RX_BYTES),
    sum(Metric.METRIC_TX_BYTES),
    max(Metric.METRIC_RX_BYTES),
    max(Metric.METRIC_TX_BYTES),
    sum(Metric.METRIC_RX_PACKETS),
    sum(Metric.METRIC_TX_PACKETS),
    sum(Metric.METRIC_CONNECTIONS),
    max(Metric.METRIC_CONNECTIONS),
    sum(Metric.METRIC_CPU_PERMILLE),
    max(Metric.METRIC_CPU_PERMILLE),
    max(Metric.METRIC_MEMORY_BYTES),
    sum(Metric.METRIC_ERRORS),
    sum(Metric.METRIC_DROPS),
    sum(Metric.METRIC_SOCKET_BYTES),
    sum(Metric.METRIC_INTERFACE_BYTES),
    sum(Metric.METRIC_FORWARDED_BYTES),
    sum(Metric.METRIC_EVENTS_LOST),
    minutes.map((minute) => Math.min(minute.lateSeconds, 60)),
    minutes.map((minute) => Math.min(minute.backfilledSeconds, 60)),
    sum(Metric.METRIC_PROBES_SENT),
    sum(Metric.METRIC_PROBES_LOST),
    sum(Metric.METRIC_PROBE_RTT_SUM_US),
    max(Metric.METRIC_PROBE_RTT_MAX_US),
  ]);
}

const sums = [
  'rx_bytes',
  'tx_bytes',
  'rx_packets',
  'tx_packets',
  'connections_sum',
  'cpu_permille_sum',
  'errors',
  'drops',
  'socket_bytes',
  'interface_bytes',
  'forwarded_bytes',
  'events_lost',
  'probes_sent',
  'probes_lost',
  'probe_rtt_sum_us',
];
const seconds60 = ['seconds', 'late_seconds', 'backfilled_seconds'];
const highest = [
  'rx_bytes_max',
  'tx_bytes_max',
  'connections_max',
  'cpu_permille_max',
  'memory_bytes_max',
  'probe_rtt_max_us',
];

/** An unknown part does not make the whole unknown; sums stop at 2^53 - 1, the largest that is read back. */
const minuteUpsert = `
  insert into metric_1m as m (host_id, ts, subject, seconds, rx_bytes, tx_bytes, rx_bytes_max, tx_bytes_max, rx_packets,
    tx_packets, connections_sum, connections_max, cpu_permille_sum, cpu_permille_max, memory_bytes_max, errors, drops,
    socket_bytes, interface_bytes, forwarded_bytes, events_lost, late_seconds, backfilled_seconds, probes_sent,
    probes_lost, probe_rtt_sum_us, probe_rtt_max_us)
  select h, to_timestamp(t), s, n, a, b, c, d, e, f, g, i, j, k, l, o, p, q, r, v, w, x, y, aa, ab, ac, ad
  from unnest($1::int4[], $2::float8[], $3::text[], $4::int2[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int8[],
    $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::int8[], $15::int8[], $16::int8[], $17::int8[],
    $18::int8[], $19::int8[], $20::int8[], $21::int8[], $22::int2[], $23::int2[], $24::int8[], $25::int8[],
    $26::int8[], $27::int8[])
    as u (h, t, s, n, a, b, c, d, e, f, g, i, j, k, l, o, p, q, r, v, w, x, y, aa, ab, ac, ad)
  on conflict (host_id, subject, ts) do update set
    ${seconds60.map((name) => `${name} = least(m.${name} + excluded.${name}, 60)`).join(',\n    ')},
    ${sums.map((name) => `${name} = case when m.${name} is null then excluded.${name} when excluded.${name} is null then m.${name} else least(m.${name} + excluded.${name}, 9007199254740991) end`).join(',\n    ')},
    ${highest.map((name) => `${name} = greatest(m.${name}, excluded.${name})`).join(',\n    ')}`;

export async function upsertProcesses(client: pg.ClientBase, rows: readonly ProcessRow[]): Promise<void> {
  const processes = mergeProcesses(rows);
  if (processes.length === 0) return;
  await client.query(processUpsert, [
    processes.map((process) => process.hostId),
    processes.map((process) => int8Text(process.id)),
    processes.map((process) => process.pid),
    processes.map((process) => timestampText(process.startedUs)),
    processes.map((process) => timestampText(process.firstSeenUs)),
    processes.map((process) => timestampText(process.lastSeenUs)),
    processes.map((process) => (process.exitedUs === null ? null : timestampText(process.exitedUs))),
    processes.map((process) => process.parentPid),
    processes.map((process) => (process.parentId === null ? null : int8Text(process.parentId))),
    processes.map((process) => process.comm),
    processes.map((process) => process.executable),
    processes.map((process) => process.commandLine),
    processes.map((process) => process.uid),
    processes.map((process) => process.user),
    processes.map((process) => process.cgroup),
    processes.map((process) => process.unit),
    processes.map((process) => process.containerRuntime),
    processes.map((process) => process.containerId),
  ]);
}

const processUpsert = `
  insert into process as p (host_id, process_id, pid, started_at, first_seen_at, last_seen_at, exited_at, parent_pid,
    parent_process_id, comm, executable, command_line, uid, user_name, cgroup,
    unit, container_runtime, container_id)
  select * from unnest($1::int4[], $2::int8[], $3::int4[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
    $7::timestamptz[], $8::int4[], $9::int8[], $10::text[], $11::text[], $12::text[], $13::int8[], $14::text[], $15::text[],
    $16::text[], $17::text[], $18::text[])
  on conflict (host_id, process_id) do update set
    first_seen_at = least(p.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at),
    exited_at = coalesce(excluded.exited_at, p.exited_at),
    parent_pid = excluded.parent_pid,
    parent_process_id = coalesce(excluded.parent_process_id, p.parent_process_id),
    comm = excluded.comm,
    executable = case excluded.executable when '' then p.executable else excluded.executable end,
    command_line = case excluded.command_line when '' then p.command_line else excluded.command_line end,
    uid = excluded.uid,
    user_name = excluded.user_name,
    cgroup = case excluded.cgroup when '' then p.cgroup else excluded.cgroup end,
    -- These three are read out of the control group: without one they are unknown, with one they may have ceased to be.
    unit = case excluded.cgroup when '' then p.unit else excluded.unit end,
    container_runtime = case excluded.cgroup when '' then p.container_runtime else excluded.container_runtime end,
    container_id = case excluded.cgroup when '' then p.container_id else excluded.container_id end`;

export async function insertGaps(client: pg.ClientBase, gaps: readonly GapRow[]): Promise<void> {
  if (gaps.length === 0) return;
  await client.query(
    `insert into gap (host_id, gap_start, gap_end, reason, lost, detail)
     select * from unnest($1::int4[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::int8[], $6::text[])`,
    [
      gaps.map((gap) => gap.hostId),
      gaps.map((gap) => timestampText(gap.startUs)),
      gaps.map((gap) => timestampText(gap.endUs)),
      gaps.map((gap) => gap.reason),
      gaps.map((gap) => gap.lost),
      gaps.map((gap) => gap.detail),
    ],
  );
}

const seconds = (unixUs: number) => unixUs / 1_000_000;

/** RFC 3339 with microseconds, which a Date would drop. */
function timestampText(unixUs: number): string {
  const micros = ((unixUs % 1000) + 1000) % 1000;
  return new Date((unixUs - micros) / 1000).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

/** Decimal digits, as Postgres reads an int8. */
export function int8Text({ high, low }: Hash64): string {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0)).toString();
}
