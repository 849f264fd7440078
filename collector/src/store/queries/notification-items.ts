// Changes of findings that wait to be told, one row for each route that takes them.
import { type Kysely, sql } from 'kysely';
import type { FindingChangeKind, NotificationRouteSettings, NotificationSeverity } from '@foretop/proto/api';
import type { Database } from '../schema.ts';

/** More than so many waiting for one route are left out, and counted. */
export const mostHeldItems = 5_000;

/** What a route decides by; everything else is carried along. */
export interface KeepableItem {
  change: FindingChangeKind;
  hostId: number;
  host: string;
  severity: NotificationSeverity;
  detector: string;
}

/** `at`: when it was told. */
export interface ToldItem {
  item: KeepableItem;
  at: Date;
}

export type RouteRules = Omit<NotificationRouteSettings, 'name' | 'on' | 'channelId'>;

interface OpenRoute {
  id: number;
  rules: RouteRules;
  held: number;
}

/** As numbers in the tables, so that they can be compared. */
const severityRanks: Record<NotificationSeverity, number> = { low: 0, medium: 1, high: 2, critical: 3 };
export const severityRank = (severity: NotificationSeverity): number => severityRanks[severity];

/** Kept for every route that is on and takes them. @returns how many found no room. */
export async function keepItems(db: Kysely<Database>, told: readonly ToldItem[]): Promise<{ leftOut: number }> {
  const routes = await selectOpenRoutes(db);
  if (routes.length === 0) return { leftOut: 0 };
  const hosts = await selectHosts(
    db,
    told.map(({ item }) => item.hostId),
  );
  const kept: KeptItem[] = [];
  let leftOut = 0;
  for (const route of routes) {
    const taken = told.filter(({ item }) => takes(route.rules, item, hosts.get(item.hostId)?.labels ?? []));
    const room = Math.max(0, mostHeldItems - route.held);
    for (const { item, at } of taken.slice(0, room)) {
      kept.push({ routeId: route.id, item: { ...item, host: hosts.get(item.hostId)?.name ?? '' }, at });
    }
    if (taken.length <= room) continue;
    leftOut += taken.length - room;
    await sql`update notification_route set left_out = left_out + ${taken.length - room} where route_id = ${route.id}`.execute(
      db,
    );
  }
  if (kept.length > 0) await insertItems(db, kept);
  return { leftOut };
}

function takes(rules: RouteRules, item: KeepableItem, labels: readonly string[]): boolean {
  return (
    severityRank(item.severity) >= severityRank(rules.minimumSeverity) &&
    rules.changes.includes(item.change) &&
    (rules.detectors.length === 0 || rules.detectors.includes(item.detector)) &&
    (rules.hostLabels.length === 0 || rules.hostLabels.some((label) => labels.includes(label)))
  );
}

async function selectOpenRoutes(db: Kysely<Database>): Promise<OpenRoute[]> {
  const { rows } = await sql<OpenRoute>`
    select route_id as id, settings as rules,
           (select count(*)::int4 from notification_item item where item.route_id = route.route_id) as held
      from notification_route route where enabled order by route_id`.execute(db);
  return rows;
}

async function selectHosts(
  db: Kysely<Database>,
  ids: readonly number[],
): Promise<Map<number, { name: string; labels: string[] }>> {
  const { rows } = await sql<{ id: number; name: string; labels: string[] }>`
    select host_id as id, name, labels from host where host_id = any(${[...new Set(ids)]}::int4[])`.execute(db);
  return new Map(rows.map(({ id, ...host }) => [id, host]));
}

interface KeptItem extends ToldItem {
  routeId: number;
}

async function insertItems(db: Kysely<Database>, kept: readonly KeptItem[]): Promise<void> {
  const routeIds = kept.map(({ routeId }) => routeId);
  const ranks = kept.map(({ item }) => severityRank(item.severity));
  const times = kept.map(({ at }) => at);
  const items = kept.map(({ item }) => JSON.stringify(item));
  await sql`
    insert into notification_item (route_id, kept_at, severity, item)
    select route_id, kept_at, severity, item
      from unnest(${routeIds}::int4[], ${times}::timestamptz[], ${ranks}::int2[], ${items}::jsonb[])
        as given (route_id, kept_at, severity, item)`.execute(db);
}

/** A route with something that waits. */
export interface HoldingRoute {
  id: number;
  name: string;
  channelId: number;
  rules: RouteRules;
  /** Messages that it made in the hour before. */
  recent: number;
}

/** Of routes that are on, to channels that are on. */
export async function selectHoldingRoutes(db: Kysely<Database>, now: Date): Promise<HoldingRoute[]> {
  const { rows } = await sql<HoldingRoute>`
    select route_id as id, route.name, route.channel_id as "channelId", route.settings as rules,
           (select count(*)::int4 from notification_message message
             where message.route_id = route.route_id and message.created_at > ${now}::timestamptz - interval '1 hour') as recent
      from notification_route route
      join notification_channel channel on channel.channel_id = route.channel_id
     where route.enabled and channel.enabled
       and exists (select from notification_item item where item.route_id = route.route_id)
     order by route_id`.execute(db);
  return rows;
}

export interface HeldItem {
  id: number;
  keptAt: Date;
  item: unknown;
}

/** Those of at least this severity, oldest first. Locks the route, so that of two collectors one makes the message. */
export async function selectHeldItems(db: Kysely<Database>, routeId: number, leastRank: number): Promise<HeldItem[]> {
  await sql`select from notification_route where route_id = ${routeId} for update`.execute(db);
  const { rows } = await sql<HeldItem>`
    select item_id as id, kept_at as "keptAt", item from notification_item
     where route_id = ${routeId} and severity >= ${leastRank} order by item_id limit ${mostHeldItems}`.execute(db);
  return rows;
}

export async function deleteItems(db: Kysely<Database>, ids: readonly number[]): Promise<void> {
  await sql`delete from notification_item where item_id = any(${[...ids]}::int8[])`.execute(db);
}
