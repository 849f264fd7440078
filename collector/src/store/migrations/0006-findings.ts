// Findings with their timelines, suppression rules, settings of detectors, and what detection knows for when it starts again.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table finding (
     host_id int4 not null references host,
     group_key text not null,
     detector text not null,
     key text[] not null,
     severity int2 not null check (severity between 0 and 3),
     state text not null check (state in ('new', 'acknowledged', 'resolved', 'muted')),
     score float4 not null,
     summary text not null,
     peer text not null,
     process text not null,
     executable text not null,
     first_seen_at timestamptz not null,
     last_seen_at timestamptz not null,
     episode_start timestamptz not null,
     episode_count int8 not null,
     earlier_count int8 not null,
     told_count int8 not null,
     evidence jsonb not null,
     links jsonb not null,
     note text not null default '',
     state_by text not null default '',
     state_at timestamptz not null,
     state_before text,
     muted_by int4,
     reopened int4 not null default 0,
     primary key (host_id, group_key)
   )`,
  `create index finding_group on finding (group_key)`,
  `create index finding_seen on finding (last_seen_at)`,
  `create index finding_muted on finding (muted_by) where muted_by is not null`,
  `create table finding_event (
     host_id int4 not null,
     group_key text not null,
     at timestamptz not null,
     kind text not null,
     by_whom text not null,
     severity int2 not null,
     count int8 not null,
     text text not null,
     evidence jsonb not null
   )`,
  `create index finding_event_of on finding_event (host_id, group_key, at)`,
  `create table suppression (
     suppression_id int4 generated always as identity primary key,
     detector text,
     host_ids int4[] not null,
     labels text[] not null,
     process text,
     peer text,
     most_severe int2 not null check (most_severe between 0 and 3),
     reason text not null,
     created_by text not null,
     created_at timestamptz not null,
     expires_at timestamptz
   )`,
  `create table detector_setting (
     detector text primary key,
     is_on boolean not null,
     thresholds jsonb not null,
     changed_by text not null,
     changed_at timestamptz not null
   )`,
  `create table detect_position (
     host_id int4 primary key,
     transaction_id int8 not null,
     at timestamptz not null
   )`,
  `create table detect_state (
     host_id int4 not null,
     part text not null,
     state bytea not null,
     saved_at timestamptz not null,
     primary key (host_id, part)
   )`,
];
