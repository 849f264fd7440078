// Channels and routes of notifications, changes of findings that wait to be told, and messages with what came of them.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table notification_channel (
     channel_id int4 generated always as identity primary key,
     name text not null unique,
     enabled boolean not null,
     settings jsonb not null,
     secret text,
     created_at timestamptz not null default now(),
     last_at timestamptz,
     last_ok boolean,
     last_detail text not null default ''
   )`,
  `create table notification_route (
     route_id int4 generated always as identity primary key,
     name text not null unique,
     enabled boolean not null,
     channel_id int4 not null references notification_channel,
     settings jsonb not null,
     left_out int8 not null default 0
   )`,
  `create table notification_item (
     item_id int8 generated always as identity primary key,
     route_id int4 not null references notification_route on delete cascade,
     kept_at timestamptz not null,
     severity int2 not null,
     item jsonb not null
   )`,
  `create index notification_item_route on notification_item (route_id, item_id)`,
  `create table notification_message (
     message_id int8 generated always as identity primary key,
     channel_id int4 not null references notification_channel on delete cascade,
     route_id int4,
     route_name text,
     kind text not null check (kind in ('findings', 'digest', 'test')),
     count int4 not null,
     subject text not null,
     content jsonb not null,
     state text not null check (state in ('waiting', 'sent', 'dead', 'dropped')),
     created_at timestamptz not null,
     attempts int4 not null default 0,
     next_attempt_at timestamptz,
     detail text not null default '',
     sent text,
     ended_at timestamptz
   )`,
  `create index notification_message_due on notification_message (next_attempt_at) where state = 'waiting'`,
  `create index notification_message_route on notification_message (route_id, created_at)`,
  `create index notification_message_channel on notification_message (channel_id, message_id)`,
];
