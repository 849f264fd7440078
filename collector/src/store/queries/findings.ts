// Findings as they are written: read under lock, written whole, each with the entries of its timeline.
import type { FindingEventKind, FindingState } from '@foretop/proto/api';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { FindingEvidenceJson, FindingLinksJson } from '../schema-findings.ts';
import type { Database } from '../schema.ts';
import { unixUs } from './connections.ts';

/** A finding on one host. Times are Unix microseconds. */
export interface FindingRow {
  hostId: number;
  groupKey: string;
  detector: string;
  key: readonly string[];
  /** 0 low … 3 critical. */
  severity: number;
  state: FindingState;
  score: number;
  summary: string;
  peer: string;
  process: string;
  executable: string;
  firstSeenUs: number;
  lastSeenUs: number;
  /** The newest time that it went on without a break: since when, and how many; the episodes before have the earlier count. */
  episodeStartUs: number;
  episodeCount: number;
  earlierCount: number;
  /** The count at the timeline's newest entry. */
  toldCount: number;
  evidence: readonly FindingEvidenceJson[];
  links: FindingLinksJson;
  note: string;
  /** Empty: the detector. */
  stateBy: string;
  stateAtUs: number;
  /** What a rule mutes. */
  stateBefore: FindingState | null;
  /** The rule; null with the state muted: a person did it. */
  mutedBy: number | null;
  reopened: number;
}

export interface FindingEventRow {
  hostId: number;
  groupKey: string;
  atUs: number;
  kind: FindingEventKind;
  by: string;
  severity: number;
  count: number;
  text: string;
  evidence: readonly FindingEvidenceJson[];
}

export interface FindingKey {
  hostId: number;
  groupKey: string;
}

export const findingColumns = sql`
  f.host_id as "hostId", f.group_key as "groupKey", f.detector, f.key, f.severity, f.state, f.score, f.summary, f.peer,
  f.process, f.executable, ${unixUs(sql`f.first_seen_at`)} as "firstSeenUs", ${unixUs(sql`f.last_seen_at`)} as "lastSeenUs",
  ${unixUs(sql`f.episode_start`)} as "episodeStartUs", f.episode_count as "episodeCount", f.earlier_count as "earlierCount",
  f.told_count as "toldCount", f.evidence, f.links, f.note, f.state_by as "stateBy", ${unixUs(sql`f.state_at`)} as "stateAtUs",
  f.state_before as "stateBefore", f.muted_by as "mutedBy", f.reopened`;

/** Locks them in one order everywhere. Those that there are. */
export async function lockFindings(db: Kysely<Database>, keys: readonly FindingKey[]): Promise<FindingRow[]> {
  const { rows } = await sql<FindingRow>`
    select ${findingColumns}
      from finding f join unnest(${keys.map(({ hostId }) => hostId)}::int4[], ${keys.map(({ groupKey }) => groupKey)}::text[])
        as wanted (host_id, group_key) using (host_id, group_key)
     order by f.host_id, f.group_key
     for update of f`.execute(db);
  return rows;
}

/** Of these groups, on these hosts (undefined: all), under lock. */
export async function lockGroups(
  db: Kysely<Database>,
  groupKeys: readonly string[],
  hostIds: readonly number[] | undefined,
): Promise<FindingRow[]> {
  const { rows } = await sql<FindingRow>`
    select ${findingColumns} from finding f
     where f.group_key = any(${groupKeys}::text[]) and ${ofHosts(hostIds)}
     order by f.host_id, f.group_key
     for update of f`.execute(db);
  return rows;
}

export const ofHosts = (hostIds: readonly number[] | undefined): RawBuilder<unknown> =>
  hostIds === undefined ? sql`true` : sql`f.host_id = any(${hostIds}::int4[])`;

const time = (column: string) => sql`('epoch'::timestamptz + ${sql.ref(column)} * interval '1 microsecond')`;

/** Inserts or replaces. Rows of hosts that there are not are left out. */
export async function writeFindings(db: Kysely<Database>, rows: readonly FindingRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    insert into finding (host_id, group_key, detector, key, severity, state, score, summary, peer, process, executable,
      first_seen_at, last_seen_at, episode_start, episode_count, earlier_count, told_count, evidence, links, note, state_by,
      state_at, state_before, muted_by, reopened)
    select v."hostId", v."groupKey", v.detector, v.key, v.severity, v.state, v.score, v.summary, v.peer, v.process, v.executable,
      ${time('v.firstSeenUs')}, ${time('v.lastSeenUs')}, ${time('v.episodeStartUs')}, v."episodeCount", v."earlierCount",
      v."toldCount", v.evidence, v.links, v.note, v."stateBy", ${time('v.stateAtUs')}, v."stateBefore", v."mutedBy", v.reopened
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as v ("hostId" int4, "groupKey" text, detector text, key text[],
      severity int2, state text, score float4, summary text, peer text, process text, executable text, "firstSeenUs" int8,
      "lastSeenUs" int8, "episodeStartUs" int8, "episodeCount" int8, "earlierCount" int8, "toldCount" int8, evidence jsonb,
      links jsonb, note text, "stateBy" text, "stateAtUs" int8, "stateBefore" text, "mutedBy" int4, reopened int4)
    join host on host.host_id = v."hostId"
    on conflict (host_id, group_key) do update set
      severity = excluded.severity, state = excluded.state, score = excluded.score, summary = excluded.summary,
      peer = excluded.peer, process = excluded.process, executable = excluded.executable,
      first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at, episode_start = excluded.episode_start,
      episode_count = excluded.episode_count, earlier_count = excluded.earlier_count, told_count = excluded.told_count,
      evidence = excluded.evidence, links = excluded.links, note = excluded.note, state_by = excluded.state_by,
      state_at = excluded.state_at, state_before = excluded.state_before, muted_by = excluded.muted_by,
      reopened = excluded.reopened`.execute(db);
}

/** Beyond it the oldest that only say that it grew are dropped. */
const mostEvents = 200;

export async function writeFindingEvents(db: Kysely<Database>, events: readonly FindingEventRow[]): Promise<void> {
  if (events.length === 0) return;
  await sql`
    insert into finding_event (host_id, group_key, at, kind, by_whom, severity, count, text, evidence)
    select v."hostId", v."groupKey", ${time('v.atUs')}, v.kind, v.by, v.severity, v.count, v.text, v.evidence
    from jsonb_to_recordset(${JSON.stringify(events)}::jsonb) as v ("hostId" int4, "groupKey" text, "atUs" int8, kind text,
      by text, severity int2, count int8, text text, evidence jsonb)
    where exists (select from finding f where f.host_id = v."hostId" and f.group_key = v."groupKey")`.execute(db);
  const keys = [...new Map(events.map((event) => [`${event.hostId} ${event.groupKey}`, event])).values()];
  await sql`
    delete from finding_event e using (
      select host_id, group_key, (array_agg(at order by at desc))[${sql.lit(mostEvents)}] as oldest
        from finding_event join unnest(${keys.map(({ hostId }) => hostId)}::int4[], ${keys.map(({ groupKey }) => groupKey)}::text[])
          as w (host_id, group_key) using (host_id, group_key)
       group by host_id, group_key having count(*) > ${sql.lit(mostEvents)}) old
    where e.host_id = old.host_id and e.group_key = old.group_key and e.at < old.oldest`.execute(db);
}

export interface FindingTally {
  hostId: number;
  groupKey: string;
  state: FindingState;
  severity: number;
}

/** Of every finding what summaries count. */
export async function selectFindingTallies(db: Kysely<Database>): Promise<FindingTally[]> {
  const { rows } = await sql<FindingTally>`
    select host_id as "hostId", group_key as "groupKey", state, severity from finding`.execute(db);
  return rows;
}

/**
 * Of a host's findings the ones last seen that stay while they are open, however old: the rest of what may be stored of a host
 * (detect/findings/allowance.ts) is for new ones.
 */
const mostOldOpen = 1_000;

/**
 * Those resolved or muted before, and not seen since, with their timelines. Open ones stay until somebody settles them, but for
 * those of a host that has more than `mostOldOpen` newer ones. @returns how many.
 */
export async function deleteOldFindings(db: Kysely<Database>, before: Date, mostOpen = mostOldOpen): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from finding f using (
      select host_id, group_key, row_number() over (partition by host_id order by last_seen_at desc, group_key) as place
        from finding) ranked
     where f.host_id = ranked.host_id and f.group_key = ranked.group_key and f.last_seen_at < ${before}
       and (${isSettled} and f.state_at < ${before} or not ${isSettled} and place > ${mostOpen}::int8)`.execute(db);
  if (numAffectedRows > 0n) await deleteLooseEvents(db);
  return Number(numAffectedRows);
}

const isSettled = sql`f.state in ('resolved', 'muted')`;

interface DroppedFindings {
  before: Date;
  bytes: number;
  leastBytes: number;
}

/**
 * Of those that are resolved or muted, and were before, the ones not seen for longest: so many that their rows took `bytes`; none
 * where all of them take less than `leastBytes`. @returns how many.
 */
export const deleteSettledFindings = (db: Kysely<Database>, { before, ...limits }: DroppedFindings): Promise<number> =>
  deleteFindings(db, sql`${isSettled} and f.last_seen_at < ${before} and f.state_at < ${before}`, limits);

/** The same of open ones of which nothing was seen since. */
export const deleteOpenFindings = (db: Kysely<Database>, { before, ...limits }: DroppedFindings): Promise<number> =>
  deleteFindings(db, sql`not ${isSettled} and f.last_seen_at < ${before}`, limits);

/** `which`: a condition on f. */
async function deleteFindings(
  db: Kysely<Database>,
  which: RawBuilder<unknown>,
  { bytes, leastBytes }: { bytes: number; leastBytes: number },
): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from finding f using (
      select host_id, group_key, sum(size) over () as total,
             sum(size) over (order by last_seen_at, host_id, group_key rows unbounded preceding) - size as older
        from (select f.host_id, f.group_key, f.last_seen_at, pg_column_size(f.*) + (
                       select coalesce(sum(pg_column_size(e.*)), 0) from finding_event e
                        where e.host_id = f.host_id and e.group_key = f.group_key) as size
                from finding f
               where ${which}) sized) oldest
     where f.host_id = oldest.host_id and f.group_key = oldest.group_key
       and ${which} and total >= ${leastBytes}::int8 and older < ${bytes}::int8`.execute(db);
  if (numAffectedRows > 0n) await deleteLooseEvents(db);
  return Number(numAffectedRows);
}

export async function deleteLooseEvents(db: Kysely<Database>): Promise<void> {
  await sql`
    delete from finding_event e
     where not exists (select from finding f where f.host_id = e.host_id and f.group_key = e.group_key)`.execute(db);
}
