// Runs of tools on hosts with what they said, and the minutes of watches.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table metric_1m
     add column probes_sent int8,
     add column probes_lost int8,
     add column probe_rtt_sum_us int8,
     add column probe_rtt_max_us int8`,
  `create table tool_run (
     run_id text primary key,
     tool text not null,
     target text not null,
     parameters jsonb not null,
     operator text not null,
     relayed_by text not null,
     created_at timestamptz not null,
     ended_at timestamptz
   )`,
  `create index tool_run_created on tool_run (created_at, run_id)`,
  `create table tool_run_host (
     request_id text primary key,
     run_id text not null references tool_run on delete cascade,
     host_id int4 not null references host,
     status text not null check (status in ('offered', 'running', 'ended', 'refused', 'expired', 'lost')),
     wire_id text,
     offer_hash text,
     signed_at timestamptz,
     ended_at timestamptz,
     outcome text,
     code text not null,
     detail text not null,
     receipt text,
     event_count int4 not null default 0,
     dropped int4 not null default 0,
     watch_id text,
     watch_until timestamptz,
     watch_stopped_at timestamptz,
     watch_told_at timestamptz,
     unique (run_id, host_id),
     unique (host_id, watch_id)
   )`,
  `create index tool_run_host_wire on tool_run_host (wire_id)`,
  `create index tool_run_host_watch on tool_run_host (watch_until) where watch_until is not null`,
  `create table tool_event (
     run_id text not null references tool_run on delete cascade,
     number int4 not null,
     host_id int4 not null,
     said_at timestamptz not null,
     event text not null,
     primary key (run_id, number)
   )`,
];
