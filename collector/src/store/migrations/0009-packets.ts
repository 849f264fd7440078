// What captures brought, as it came: pcapng, or sealed to somebody and unreadable here.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table tool_run_host
     add column packet_bytes int8 not null default 0,
     add column packets_sealed bool`,
  `create table tool_packets (
     host_id int4 not null,
     request_id text not null,
     start int8 not null,
     stored_at timestamptz not null,
     bytes bytea not null
   ) partition by range (stored_at)`,
  // Ciphertext does not compress, and what is read often begins within a piece.
  `alter table tool_packets alter column bytes set storage external`,
  `create index tool_packets_part on tool_packets (request_id, start)`,
];
