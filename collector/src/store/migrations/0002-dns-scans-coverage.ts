// DNS exchanges, scan evidence, who decided on a connection's process, and what of a host's traffic was seen.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/** Columns with a constant default are added without touching a row, however large the partitions are. */
const statements = [
  `alter table connection_segment add column alpn text, add column owner_rule int2 not null default 0`,
  `alter table metric_1m
     add column socket_bytes int8,
     add column interface_bytes int8,
     add column forwarded_bytes int8,
     add column events_lost int8,
     add column late_seconds int2 not null default 0,
     add column backfilled_seconds int2 not null default 0`,
  `create table dns_exchange (
     host_id int4 not null,
     asked_at timestamptz not null,
     exchange_id int8 not null,
     answered boolean not null,
     latency_us int8,
     process_id int8,
     pid int4,
     comm text not null,
     connection_id int8,
     transport int2 not null,
     kind int2 not null,
     role int2 not null,
     peer_address inet not null,
     peer_port int4 not null,
     name text not null,
     type int4 not null,
     rcode int4,
     truncated boolean not null,
     addresses inet[] not null,
     canonical_names text[] not null,
     query_bytes int4,
     answer_bytes int4,
     exchange_count int4 not null
   ) partition by range (asked_at)`,
  `create index dns_exchange_asked on dns_exchange using brin (asked_at timestamptz_minmax_multi_ops)`,
  `create index dns_exchange_host on dns_exchange (host_id, asked_at)`,
  `create table scan_evidence (
     host_id int4 not null,
     scan_start timestamptz not null,
     scan_end timestamptz not null,
     evidence_id int8 not null,
     kind int2 not null,
     source_address inet not null,
     local_address inet not null,
     local_port int4,
     ports int4 not null,
     packets int8 not null
   ) partition by range (scan_end)`,
  `create index scan_evidence_end on scan_evidence using brin (scan_end timestamptz_minmax_multi_ops)`,
  `create index scan_evidence_host on scan_evidence (host_id, scan_end)`,
];
