// Findings as people read them: grouped over hosts, filtered, in pages; one with its hosts and timeline; counts.
import type { FindingEventKind, FindingState } from '@foretop/proto/api';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { FindingEvidenceJson } from '../schema-findings.ts';
import type { Database } from '../schema.ts';
import { all, type Choice, choose } from './connection-filter.ts';
import { timestamp, unixUs } from './connections.ts';
import { findingColumns, type FindingRow, ofHosts } from './findings.ts';
import { numberColumn, textColumn, timeColumn } from './row-key.ts';

export interface FindingFilter {
  /** undefined: all hosts. */
  hostIds?: readonly number[] | undefined;
  groupKey?: string | undefined;
  /** 0 low … 3 critical. */
  severity?: Choice<number> | undefined;
  detector?: Choice<string> | undefined;
  state?: Choice<FindingState> | undefined;
  /** Words that all stand somewhere in summary, peer, process, executable, note, detector or host, whatever their case. */
  words?: readonly string[] | undefined;
  /** Unix microseconds: seen at any time within. */
  fromUs?: number | undefined;
  toUs?: number | undefined;
}

export interface FindingsQuery {
  filter: FindingFilter;
  sort: { column: FindingColumn; descending: boolean };
  limit?: number | undefined;
  after?: { value: string; groupKey: string } | undefined;
}

export interface FindingGroupRow {
  groupKey: string;
  severity: number;
  score: number;
  state: FindingState;
  firstSeenUs: number;
  lastSeenUs: number;
  count: number;
  reopened: number;
  hostCount: number;
  sortValue: string;
}

/** Over the group's rows that the filter takes. Ties go by group key. */
export const findingSortColumns = {
  lastSeenAt: timeColumn(sql`max(last_seen_at)`),
  firstSeenAt: timeColumn(sql`min(first_seen_at)`),
  severity: numberColumn(sql`max(severity)`),
  score: numberColumn(sql`max(score) * 1000000`),
  count: numberColumn(sql`sum(earlier_count + episode_count)`),
  hosts: numberColumn(sql`count(*)`),
  detector: textColumn(sql`min(detector)`),
  peer: textColumn(sql`min(peer)`),
  process: textColumn(sql`min(process)`),
} as const;
export type FindingColumn = keyof typeof findingSortColumns;
export const findingColumnNames = Object.keys(findingSortColumns) as FindingColumn[];

/** From what people look at first to last. */
const stateOrder = sql`array['new', 'acknowledged', 'muted', 'resolved']`;

export function findingGroupsQuery({ filter, sort, limit, after }: FindingsQuery): RawBuilder<FindingGroupRow> {
  const { expression: column, type } = findingSortColumns[sort.column];
  const direction = sql.raw(sort.descending ? 'desc' : 'asc');
  const further = sql.raw(sort.descending ? '<' : '>');
  const beyond =
    after === undefined
      ? sql`true`
      : sql`(${column}, group_key) ${further} (${after.value}::text::${sql.raw(type)}, ${after.groupKey}::text)`;
  return sql<FindingGroupRow>`
    select group_key as "groupKey", max(severity) as severity, max(score) as score,
           (${stateOrder})[min(array_position(${stateOrder}, state))] as state, ${unixUs(sql`min(first_seen_at)`)} as "firstSeenUs",
           ${unixUs(sql`max(last_seen_at)`)} as "lastSeenUs", sum(earlier_count + episode_count)::int8 as count,
           max(reopened) as reopened, count(*)::int4 as "hostCount", (${column})::text as "sortValue"
      from finding f
     where ${findingCondition(filter)}
     group by group_key
    having ${beyond}
     order by ${column} ${direction}, group_key ${direction}
     limit ${limit ?? null}`;
}

export async function countFindingGroups(db: Kysely<Database>, filter: FindingFilter, most: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int4 as n from (
      select from finding f where ${findingCondition(filter)} group by group_key limit ${most}) found`.execute(db);
  return rows[0]!.n;
}

export function findingCondition(filter: FindingFilter): RawBuilder<unknown> {
  return all([
    ofHosts(filter.hostIds),
    filter.groupKey && sql`group_key = ${filter.groupKey}`,
    choose(filter.severity, (severity) => sql`severity = ${severity}`),
    choose(filter.detector, (detector) => sql`detector = ${detector}`),
    choose(filter.state, (state) => sql`state = ${state}`),
    filter.fromUs === undefined ? undefined : sql`f.last_seen_at >= ${timestamp(filter.fromUs)}`,
    filter.toUs === undefined ? undefined : sql`f.first_seen_at <= ${timestamp(filter.toUs)}`,
    ...(filter.words ?? []).map(
      (word) => sql`strpos(lower(concat_ws(' ', detector, summary, peer, process, executable, note,
        (select name from host where host.host_id = f.host_id))), lower(${word}::text)) > 0`,
    ),
  ]);
}

export type FindingOnHostRow = FindingRow & { hostName: string };

/** The rows of these groups that the filter takes, the last seen first within each group, at most so many of each. */
export async function selectFindingHosts(
  db: Kysely<Database>,
  groupKeys: readonly string[],
  filter: FindingFilter,
  mostOfGroup: number,
): Promise<FindingOnHostRow[]> {
  if (groupKeys.length === 0) return [];
  const { rows } = await sql<FindingOnHostRow>`
    select * from (
      select ${findingColumns}, host.name as "hostName",
             row_number() over (partition by f.group_key order by f.last_seen_at desc, f.host_id) as place
        from finding f join host using (host_id)
       where f.group_key = any(${groupKeys}::text[]) and ${findingCondition(filter)}) found
     where place <= ${mostOfGroup}
     order by "groupKey", place`.execute(db);
  return rows;
}

export interface FindingTimelineRow {
  hostId: number;
  atUs: number;
  kind: FindingEventKind;
  by: string;
  severity: number;
  count: number;
  text: string;
  evidence: readonly FindingEvidenceJson[];
}

/** The newest first. */
export async function selectFindingEvents(
  db: Kysely<Database>,
  groupKey: string,
  hostIds: readonly number[],
  limit: number,
): Promise<FindingTimelineRow[]> {
  const { rows } = await sql<FindingTimelineRow>`
    select host_id as "hostId", ${unixUs(sql`at`)} as "atUs", kind, by_whom as by, severity, count, text, evidence
      from finding_event
     where host_id = any(${hostIds}::int4[]) and group_key = ${groupKey}
     order by at desc, host_id
     limit ${limit}`.execute(db);
  return rows;
}

/** New and acknowledged findings by detector, as the list has them: one that several hosts have counts once. */
export async function countOpenFindings(
  db: Kysely<Database>,
  hostIds: readonly number[] | undefined,
): Promise<Map<string, number>> {
  const { rows } = await sql<{ detector: string; n: number }>`
    select detector, count(distinct group_key)::int4 as n from finding f
     where state in ('new', 'acknowledged') and ${ofHosts(hostIds)} group by detector`.execute(db);
  return new Map(rows.map(({ detector, n }) => [detector, n]));
}
