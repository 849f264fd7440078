// The first schema. Every large table carries host_id and its partition column in each key, so that Citus can spread it.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // ---- reference tables
  `create table setting (
     key text primary key,
     value jsonb not null
   )`,
  `create table host (
     host_id int4 generated always as identity primary key,
     name text not null,
     enrolled_at timestamptz not null default now(),
     last_seen_at timestamptz,
     revoked_at timestamptz,
     os text not null default '',
     kernel text not null default '',
     arch text not null default '',
     platform text not null default '',
     addresses text[] not null default '{}',
     cpus int4 not null default 0,
     memory_bytes int8 not null default 0,
     agent_version text not null default '',
     protocol_version int4 not null default 0,
     scope text not null default '',
     tier int2 not null default 0,
     sources jsonb not null default '[]',
     booted_at timestamptz
   )`,
  `create table agent_key (
     thumbprint text primary key,
     host_id int4 not null references host,
     public_key bytea not null,
     machine_id bytea not null,
     created_at timestamptz not null default now(),
     revoked_at timestamptz,
     clone_refused_at timestamptz
   )`,
  `create index agent_key_host on agent_key (host_id)`,
  `create table enrol_token (
     token_hash bytea primary key,
     created_at timestamptz not null default now(),
     expires_at timestamptz not null,
     used_at timestamptz,
     host_id int4 references host
   )`,
  `create table api_token (
     token_id int4 generated always as identity primary key,
     token_hash bytea not null unique,
     name text not null default '',
     role text not null check (role in ('viewer', 'operator', 'admin')),
     created_at timestamptz not null default now(),
     expires_at timestamptz,
     revoked_at timestamptz
   )`,
  `create table login_code (
     code_hash bytea primary key,
     expires_at timestamptz not null,
     used_at timestamptz
   )`,
  `create table session (
     cookie_hash bytea primary key,
     secret_hash bytea not null,
     role text not null check (role in ('viewer', 'operator', 'admin')),
     created_at timestamptz not null default now(),
     expires_at timestamptz not null
   )`,
  `create table audit (
     audit_id int8 generated always as identity primary key,
     at timestamptz not null default now(),
     actor text not null,
     action text not null,
     detail jsonb not null,
     outcome text not null check (outcome in ('done', 'refused', 'failed'))
   )`,

  // ---- the record lane
  `create table agent_cursor (
     host_id int4 not null,
     epoch bytea not null,
     sequence int8 not null,
     updated_at timestamptz not null default now(),
     primary key (host_id, epoch)
   )`,
  `create table connection_segment (
     host_id int4 not null,
     seg_start timestamptz not null,
     seg_end timestamptz not null,
     connection_id int8 not null,
     started_at timestamptz not null,
     started_before boolean not null,
     closed boolean not null,
     process_id int8,
     pid int4,
     comm text not null,
     uid int8 not null,
     protocol int2 not null,
     state int2 not null,
     direction int2 not null,
     local_address inet not null,
     local_port int4 not null,
     remote_address inet,
     remote_port int4,
     rx_bytes int8,
     tx_bytes int8,
     rx_packets int8,
     tx_packets int8,
     rtt_us int8,
     retransmissions int8,
     name text,
     name_source int2 not null,
     peer_host_id int4,
     connection_count int4 not null
   ) partition by range (seg_end)`,
  `create index connection_segment_end on connection_segment using brin (seg_end timestamptz_minmax_multi_ops)`,
  `create index connection_segment_host on connection_segment (host_id, seg_end)`,
  `create table metric_chunk (
     host_id int4 not null,
     ts timestamptz not null,
     subject text not null,
     interval_us int4 not null,
     sample_count int2 not null,
     samples bytea not null
   ) partition by range (ts)`,
  `create index metric_chunk_host on metric_chunk (host_id, ts)`,
  `create table metric_1m (
     host_id int4 not null,
     ts timestamptz not null,
     subject text not null,
     seconds int2 not null,
     rx_bytes int8,
     tx_bytes int8,
     rx_bytes_max int8,
     tx_bytes_max int8,
     rx_packets int8,
     tx_packets int8,
     connections_sum int8,
     connections_max int8,
     cpu_permille_sum int8,
     cpu_permille_max int8,
     memory_bytes_max int8,
     errors int8,
     drops int8,
     primary key (host_id, subject, ts)
   ) partition by range (ts)`,
  `create table process (
     host_id int4 not null,
     process_id int8 not null,
     pid int4 not null,
     started_at timestamptz not null,
     first_seen_at timestamptz not null,
     last_seen_at timestamptz not null,
     exited_at timestamptz,
     parent_pid int4 not null,
     parent_process_id int8,
     comm text not null,
     executable text not null,
     command_line text not null,
     uid int8 not null,
     user_name text not null,
     cgroup text not null,
     unit text not null,
     container_runtime text not null,
     container_id text not null,
     primary key (host_id, process_id)
   )`,
  `create index process_last_seen on process (last_seen_at)`,
  `create table process_1m (
     host_id int4 not null,
     ts timestamptz not null,
     process_id int8 not null,
     pid int4 not null,
     seconds int2 not null,
     cpu_us int8 not null,
     memory_bytes int8 not null,
     rx_bytes int8,
     tx_bytes int8,
     connections int4 not null,
     threads int4 not null
   ) partition by range (ts)`,
  `create index process_1m_host on process_1m (host_id, ts)`,
  `create index process_1m_ts on process_1m using brin (ts)`,
  `create table gap (
     host_id int4 not null,
     gap_start timestamptz not null,
     gap_end timestamptz not null,
     reason text not null,
     lost int8 not null,
     detail text not null,
     recorded_at timestamptz not null default now()
   )`,
  `create index gap_host on gap (host_id, gap_end)`,
];
