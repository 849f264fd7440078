// Watches: who has one, what it measured, and which hosts are still to be told to stop.
import { type Kysely, sql } from 'kysely';
import type { WatchParameters } from '@foretop/proto/tools';
import type { Database } from '../schema.ts';
import { timestamp } from './connections.ts';

export interface WatchFiguresRow {
  sent: number;
  lost: number;
  rttSumUs: number;
  rttMaxUs: number;
}

export interface WatchRow {
  requestId: string;
  runId: string;
  id: string;
  hostId: number;
  hostName: string;
  labels: string[];
  wireId: string | null;
  operator: string;
  parameters: WatchParameters;
  createdAt: Date;
  until: Date;
  stoppedAt: Date | null;
  toldAt: Date | null;
  latest: (WatchFiguresRow & { at: Date }) | null;
}

interface FlatWatch extends Omit<WatchRow, 'latest'> {
  at: Date | null;
  sent: number;
  lost: number;
  rttSumUs: number;
  rttMaxUs: number;
}

export interface WatchFilter {
  hostIds: readonly number[] | undefined;
  id?: string;
}

const subjectOf = sql`'watch:' || h.watch_id`;

/** Of those that a host accepted: whose receipt says so. Newest first, with the figures of the newest five minutes within the last hour. */
export async function listWatches(
  db: Kysely<Database>,
  filter: WatchFilter & {
    ended: boolean;
    now: Date;
    before: { at: Date; requestId: string } | undefined;
    limit: number;
  },
): Promise<WatchRow[]> {
  const { hostIds, id, ended, now, before, limit } = filter;
  const tests = [sql`h.watch_id is not null and h.outcome = 'completed'`];
  if (hostIds !== undefined) tests.push(sql`h.host_id = any(${[...hostIds]}::int4[])`);
  if (id !== undefined) tests.push(sql`h.watch_id = ${id}`);
  if (!ended) tests.push(sql`h.watch_until > ${now}::timestamptz and h.watch_told_at is null`);
  if (before) tests.push(sql`(r.created_at, h.request_id) < (${before.at}::timestamptz, ${before.requestId}::text)`);
  const { rows } = await sql<FlatWatch>`
    select h.request_id as "requestId", h.run_id as "runId", h.watch_id as id, h.host_id as "hostId",
           host.name as "hostName", host.labels, h.wire_id as "wireId", r.operator, r.parameters,
           r.created_at as "createdAt", h.watch_until as until, h.watch_stopped_at as "stoppedAt",
           h.watch_told_at as "toldAt", latest.*
      from tool_run_host h join tool_run r using (run_id) join host using (host_id)
      left join lateral (
        select max(m.ts) as at, coalesce(sum(m.probes_sent), 0)::int8 as sent, coalesce(sum(m.probes_lost), 0)::int8 as lost,
               coalesce(sum(m.probe_rtt_sum_us), 0)::int8 as "rttSumUs", coalesce(max(m.probe_rtt_max_us), 0)::int8 as "rttMaxUs"
          from (select ts, probes_sent, probes_lost, probe_rtt_sum_us, probe_rtt_max_us from metric_1m
                 where host_id = h.host_id and subject = ${subjectOf} and ts > ${now}::timestamptz - interval '1 hour'
                 order by ts desc limit 5) m) latest on true
     where ${sql.join(tests, sql` and `)}
     order by r.created_at desc, h.request_id desc limit ${limit}`.execute(db);
  return rows.map(({ at, sent, lost, rttSumUs, rttMaxUs, ...watch }) => ({
    ...watch,
    latest: at === null ? null : { at, sent, lost, rttSumUs, rttMaxUs },
  }));
}

/** @returns whether there was one that was not stopped yet. */
export async function stopWatch(db: Kysely<Database>, requestId: string, now: Date): Promise<boolean> {
  const result = await db
    .updateTable('tool_run_host')
    .set({ watch_stopped_at: now })
    .where('request_id', '=', requestId)
    .where('watch_id', 'is not', null)
    .where('watch_stopped_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function toldToStop(db: Kysely<Database>, requestIds: readonly string[], now: Date): Promise<void> {
  await sql`
    update tool_run_host set watch_told_at = coalesce(watch_told_at, ${now}::timestamptz)
     where request_id = any(${[...requestIds]}::text[])`.execute(db);
}

/** Of a host: all that it is to end and might still have, told before or not. */
export async function watchesToStop(
  db: Kysely<Database>,
  hostId: number,
  now: Date,
): Promise<{ requestId: string; wireId: string }[]> {
  const { rows } = await sql<{ requestId: string; wireId: string }>`
    select request_id as "requestId", wire_id as "wireId" from tool_run_host
     where host_id = ${hostId} and watch_until > ${now}::timestamptz and watch_stopped_at is not null
       and wire_id is not null limit 1000`.execute(db);
  return rows;
}

export interface WatchStep extends WatchFiguresRow {
  timeUs: number;
  seconds: number;
}

/** Minutes within the span, summed in steps of `stepUs` that count from `fromUs`. */
export async function selectWatchSteps(
  db: Kysely<Database>,
  query: { hostId: number; id: string; fromUs: number; toUs: number; stepUs: number },
): Promise<WatchStep[]> {
  const step = sql`floor(((extract(epoch from ts) * 1000000) - ${query.fromUs}::int8) / ${query.stepUs}::int8)`;
  const { rows } = await sql<WatchStep>`
    select (${query.fromUs}::int8 + ${step} * ${query.stepUs}::int8)::int8 as "timeUs", sum(seconds)::int8 as seconds,
           coalesce(sum(probes_sent), 0)::int8 as sent, coalesce(sum(probes_lost), 0)::int8 as lost,
           coalesce(sum(probe_rtt_sum_us), 0)::int8 as "rttSumUs", coalesce(max(probe_rtt_max_us), 0)::int8 as "rttMaxUs"
      from metric_1m
     where host_id = ${query.hostId} and subject = ${`watch:${query.id}`} and probes_sent is not null
       and ts >= ${timestamp(query.fromUs)} and ts < ${timestamp(query.toUs)}
     group by 1 order by 1`.execute(db);
  return rows;
}
