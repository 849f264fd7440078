// Channels and routes of notifications as administrators set them.
import { type Kysely, sql } from 'kysely';
import type { ChannelSettings } from '@foretop/proto/api';
import type { Database } from '../schema.ts';
import type { RouteRules } from './notification-items.ts';

export interface ChannelRow {
  id: number;
  name: string;
  on: boolean;
  settings: ChannelSettings;
  hasSecret: boolean;
  createdAt: Date;
  lastAt: Date | null;
  lastOk: boolean | null;
  lastDetail: string;
  waiting: number;
  dead: number;
}

/** All, or one. */
export async function listChannels(db: Kysely<Database>, id?: number): Promise<ChannelRow[]> {
  const { rows } = await sql<ChannelRow>`
    select channel.channel_id as id, name, enabled as on, settings, secret is not null as "hasSecret",
           channel.created_at as "createdAt", last_at as "lastAt", last_ok as "lastOk", last_detail as "lastDetail",
           count(message_id) filter (where state = 'waiting')::int4 as waiting,
           count(message_id) filter (where state = 'dead')::int4 as dead
      from notification_channel channel left join notification_message message using (channel_id)
     where ${id ?? null}::int4 is null or channel.channel_id = ${id ?? null}::int4
     group by channel.channel_id order by channel.channel_id`.execute(db);
  return rows;
}

export interface ChannelValues {
  name: string;
  on: boolean;
  settings: ChannelSettings;
  /** undefined: as it is; null: none. */
  secret: string | null | undefined;
}

/** @returns its id, or undefined when another one has the name. */
export async function insertChannel(db: Kysely<Database>, values: ChannelValues): Promise<number | undefined> {
  const { name, on, settings, secret } = values;
  const { rows } = await sql<{ id: number }>`
    insert into notification_channel (name, enabled, settings, secret)
    values (${name}, ${on}, ${JSON.stringify(settings)}::jsonb, ${secret ?? null})
    on conflict (name) do nothing returning channel_id as id`.execute(db);
  return rows[0]?.id;
}

export type Changed = 'changed' | 'missing' | 'name-taken';

export async function updateChannel(db: Kysely<Database>, id: number, values: ChannelValues): Promise<Changed> {
  const { name, on, settings, secret } = values;
  return changing(
    sql`update notification_channel
           set name = ${name}, enabled = ${on}, settings = ${JSON.stringify(settings)}::jsonb,
               secret = case when ${secret === undefined} then secret else ${secret ?? null}::text end
         where channel_id = ${id}`.execute(db),
  );
}

/** SQLSTATE unique_violation, foreign_key_violation. */
const [uniqueViolation, foreignKeyViolation] = ['23505', '23503'];

async function changing(update: Promise<{ numAffectedRows?: bigint }>): Promise<Changed> {
  try {
    return (await update).numAffectedRows === 1n ? 'changed' : 'missing';
  } catch (error) {
    if ((error as { code?: string }).code === uniqueViolation) return 'name-taken';
    throw error;
  }
}

/** Its messages go with it. 'in-use': routes lead to it. */
export async function deleteChannel(db: Kysely<Database>, id: number): Promise<'deleted' | 'missing' | 'in-use'> {
  try {
    const { numAffectedRows } = await sql`delete from notification_channel where channel_id = ${id}`.execute(db);
    return numAffectedRows === 1n ? 'deleted' : 'missing';
  } catch (error) {
    if ((error as { code?: string }).code === foreignKeyViolation) return 'in-use';
    throw error;
  }
}

export interface RouteRow {
  id: number;
  name: string;
  on: boolean;
  channelId: number;
  channelOn: boolean;
  rules: RouteRules;
  leftOut: number;
  held: number;
  /** Messages that it made in the hour before. */
  recent: number;
}

/** All, or one. */
export async function listRoutes(db: Kysely<Database>, now: Date, id?: number): Promise<RouteRow[]> {
  const { rows } = await sql<RouteRow>`
    select route_id as id, route.name, route.enabled as on, route.channel_id as "channelId",
           channel.enabled as "channelOn", route.settings as rules, left_out as "leftOut",
           (select count(*)::int4 from notification_item item where item.route_id = route.route_id) as held,
           (select count(*)::int4 from notification_message message
             where message.route_id = route.route_id and message.created_at > ${now}::timestamptz - interval '1 hour') as recent
      from notification_route route join notification_channel channel on channel.channel_id = route.channel_id
     where ${id ?? null}::int4 is null or route_id = ${id ?? null}::int4
     order by route_id`.execute(db);
  return rows;
}

export interface RouteValues {
  name: string;
  on: boolean;
  channelId: number;
  rules: RouteRules;
}

/** @returns its id, or undefined when another one has the name. */
export async function insertRoute(db: Kysely<Database>, values: RouteValues): Promise<number | undefined> {
  const { name, on, channelId, rules } = values;
  const { rows } = await sql<{ id: number }>`
    insert into notification_route (name, enabled, channel_id, settings)
    values (${name}, ${on}, ${channelId}, ${JSON.stringify(rules)}::jsonb)
    on conflict (name) do nothing returning route_id as id`.execute(db);
  return rows[0]?.id;
}

export function updateRoute(db: Kysely<Database>, id: number, values: RouteValues): Promise<Changed> {
  const { name, on, channelId, rules } = values;
  return changing(
    sql`update notification_route
           set name = ${name}, enabled = ${on}, channel_id = ${channelId}, settings = ${JSON.stringify(rules)}::jsonb
         where route_id = ${id}`.execute(db),
  );
}

/** What waits for it goes with it. */
export async function deleteRoute(db: Kysely<Database>, id: number): Promise<boolean> {
  const { numAffectedRows } = await sql`delete from notification_route where route_id = ${id}`.execute(db);
  return numAffectedRows === 1n;
}

/** Of a webhook, whole. */
export async function selectChannelUrl(db: Kysely<Database>, id: number): Promise<string | undefined> {
  const { rows } = await sql<{ url: string | null }>`
    select settings ->> 'url' as url from notification_channel where channel_id = ${id}`.execute(db);
  return rows[0]?.url ?? undefined;
}
