// Runs of tools: one question to several hosts, each with its own offer, signature and end.
import type { ToolRunHostStatus } from '@foretop/proto/api';
import type { ToolName, ToolRequest } from '@foretop/proto/tools';
import type { Outcome } from '@foretop/proto/trust';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';

export type ToolRunRow = Selectable<Database['tool_run']>;
export type ToolRunHostRow = Selectable<Database['tool_run_host']> & { hostName: string; labels: string[] };

export interface NewToolRun {
  runId: string;
  request: ToolRequest;
  target: string;
  operator: string;
  /** Thumbprint of the collector's key. */
  relayedBy: string;
  createdAt: Date;
  /** No host offered anything. */
  endedAt: Date | null;
}

export interface NewToolRunHost {
  requestId: string;
  hostId: number;
  status: 'offered' | 'refused';
  wireId: string | null;
  offerHash: string | null;
  code: string;
  detail: string;
  /** Of a watch. */
  watch: { id: string; until: Date } | null;
}

export async function insertToolRun(
  db: Kysely<Database>,
  run: NewToolRun,
  hosts: readonly NewToolRunHost[],
): Promise<void> {
  const { runId, createdAt, endedAt } = run;
  const { tool, parameters } = run.request;
  await db
    .insertInto('tool_run')
    .values({
      ...{ run_id: runId, tool, target: run.target, parameters: JSON.stringify(parameters), operator: run.operator },
      ...{ relayed_by: run.relayedBy, created_at: createdAt, ended_at: endedAt },
    })
    .execute();
  await db
    .insertInto('tool_run_host')
    .values(
      hosts.map(({ requestId, hostId, status, wireId, offerHash, code, detail, watch }) => ({
        ...{ request_id: requestId, run_id: runId, host_id: hostId, status, wire_id: wireId, offer_hash: offerHash },
        ...{ code, detail, ended_at: status === 'refused' ? createdAt : null },
        ...{ watch_id: watch?.id ?? null, watch_until: watch?.until ?? null },
      })),
    )
    .execute();
}

type HostChanges = Partial<{
  status: ToolRunHostStatus;
  signed_at: Date;
  ended_at: Date;
  outcome: Outcome;
  code: string;
  detail: string;
  receipt: string;
}>;

/** Changes a host's part that is in one of these states. False: it is in none of them, so nothing was changed. */
export async function changeToolRunHost(
  db: Kysely<Database>,
  requestId: string,
  states: readonly ToolRunHostStatus[],
  changes: HostChanges,
): Promise<boolean> {
  const result = await db
    .updateTable('tool_run_host')
    .set(changes)
    .where('request_id', '=', requestId)
    .where('status', 'in', [...states])
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** A run of which no host is due any more has ended. */
export async function endToolRuns(db: Kysely<Database>, runIds: readonly string[], now: Date): Promise<void> {
  await sql`
    update tool_run r set ended_at = ${now}::timestamptz
     where run_id = any(${[...runIds]}::text[]) and ended_at is null
       and not exists (select from tool_run_host h where h.run_id = r.run_id and h.status in ('offered', 'running'))`.execute(
    db,
  );
}

/** Offers of which the time is over. @returns the runs that they belong to. */
export async function expireToolOffers(db: Kysely<Database>, requestIds: readonly string[], now: Date) {
  const { rows } = await sql<{ runId: string }>`
    update tool_run_host set status = 'expired', ended_at = ${now}::timestamptz, detail = 'Nobody signed it in time.'
     where request_id = any(${[...requestIds]}::text[]) and status = 'offered' returning run_id as "runId"`.execute(db);
  return [...new Set(rows.map(({ runId }) => runId))];
}

export interface LostToolHost {
  requestId: string;
  runId: string;
  hostId: number;
  status: ToolRunHostStatus;
  /** "ping example.org" */
  summary: string;
}

/** What this collector had under way when it ended: offers are void, of what was sent no more is known. */
export async function loseToolRuns(db: Kysely<Database>, relayedBy: string, now: Date): Promise<LostToolHost[]> {
  const { rows } = await sql<LostToolHost>`
    update tool_run_host h
       set status = case h.status when 'offered' then 'expired' else 'lost' end, ended_at = ${now}::timestamptz,
           detail = 'The collector was started anew.'
      from tool_run r
     where r.run_id = h.run_id and r.relayed_by = ${relayedBy} and h.status in ('offered', 'running')
    returning h.request_id as "requestId", h.run_id as "runId", h.host_id as "hostId", h.status,
              r.tool || ' ' || r.target as summary`.execute(db);
  const runIds = [...new Set(rows.map(({ runId }) => runId))];
  await endToolRuns(db, runIds, now);
  return rows;
}

const hostColumns = sql`h.*, host.name as "hostName", host.labels`;

export async function findToolRun(db: Kysely<Database>, runId: string): Promise<ToolRunRow | undefined> {
  const { rows } = await sql<ToolRunRow>`select * from tool_run where run_id = ${runId}`.execute(db);
  return rows[0];
}

/** Of these runs, in the order of hosts' names. */
export async function toolRunHosts(db: Kysely<Database>, runIds: readonly string[]): Promise<ToolRunHostRow[]> {
  const { rows } = await sql<ToolRunHostRow>`
    select ${hostColumns} from tool_run_host h join host using (host_id)
     where run_id = any(${[...runIds]}::text[]) order by host.name, h.host_id`.execute(db);
  return rows;
}

/** A host's part that was sent and has no receipt yet, by the id that the host knows. */
export async function findUnreceiptedTool(
  db: Kysely<Database>,
  hostId: number,
  wireId: string,
): Promise<(ToolRunHostRow & { operator: string; tool: ToolName; target: string }) | undefined> {
  const { rows } = await sql<ToolRunHostRow & { operator: string; tool: ToolName; target: string }>`
    select ${hostColumns}, r.operator, r.tool, r.target
      from tool_run_host h join host using (host_id) join tool_run r using (run_id)
     where h.wire_id = ${wireId} and h.host_id = ${hostId} and h.status in ('running', 'lost')`.execute(db);
  return rows[0];
}

export const toolRunColumns = ['createdAt', 'tool', 'target', 'operator'] as const;
export type ToolRunColumn = (typeof toolRunColumns)[number];

const sortBy: Record<ToolRunColumn, RawBuilder<unknown>> = {
  createdAt: sql`to_char(r.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`,
  tool: sql`r.tool`,
  target: sql`lower(r.target)`,
  operator: sql`r.operator`,
};

export interface ToolRunFilter {
  tool: ToolName | undefined;
  /** On one of them at least; undefined: any. */
  hostIds: readonly number[] | undefined;
  ended: boolean | undefined;
  from: Date | undefined;
  to: Date | undefined;
  /** Each stands in tool, target, operator or parameters, in upper or lower case. */
  words: readonly string[];
}

export interface ToolRunPlace {
  value: string;
  runId: string;
}

export async function listToolRuns(
  db: Kysely<Database>,
  query: ToolRunFilter & {
    sort: { column: ToolRunColumn; descending: boolean };
    after: ToolRunPlace | undefined;
    limit: number;
  },
): Promise<(ToolRunRow & { sortValue: string })[]> {
  const { tool, hostIds, ended, from, to, words, sort, after, limit } = query;
  const value = sql`${sortBy[sort.column]} collate "C"`;
  const tests = [sql`true`];
  if (tool !== undefined) tests.push(sql`r.tool = ${tool}::text`);
  if (ended !== undefined) tests.push(ended ? sql`r.ended_at is not null` : sql`r.ended_at is null`);
  if (from !== undefined) tests.push(sql`r.created_at >= ${from}::timestamptz`);
  if (to !== undefined) tests.push(sql`r.created_at < ${to}::timestamptz`);
  if (hostIds !== undefined) {
    tests.push(
      sql`exists (select from tool_run_host h where h.run_id = r.run_id and h.host_id = any(${[...hostIds]}::int4[]))`,
    );
  }
  const searched = sql`lower(r.tool || ' ' || r.target || ' ' || r.operator || ' ' || r.parameters::text)`;
  for (const word of words) tests.push(sql`strpos(${searched}, ${word.toLowerCase()}::text) > 0`);
  if (after) {
    const key = sql`(${value}, r.run_id)`;
    const place = sql`(${after.value}::text, ${after.runId}::text)`;
    tests.push(sort.descending ? sql`${key} < ${place}` : sql`${key} > ${place}`);
  }
  const order = sort.descending ? sql`desc` : sql`asc`;
  const { rows } = await sql<ToolRunRow & { sortValue: string }>`
    select r.*, ${value} as "sortValue" from tool_run r where ${sql.join(tests, sql` and `)}
     order by ${value} ${order}, r.run_id ${order} limit ${limit}`.execute(db);
  return rows;
}

/** The newest are kept, and what has not ended, and what a watch still needs. */
export async function deleteOldToolRuns(db: Kysely<Database>, before: Date, mostKept: number): Promise<void> {
  await sql`
    with old as (
      delete from tool_run r
       where r.ended_at is not null
         and (r.created_at < ${before}::timestamptz
              or r.created_at < (select created_at from tool_run order by created_at desc offset ${mostKept} limit 1))
         and not exists (select from tool_run_host h where h.run_id = r.run_id and h.watch_until > now())
      returning run_id)
    delete from tool_packets p using tool_run_host h, old where h.run_id = old.run_id and p.request_id = h.request_id`.execute(
    db,
  );
}
