// Commands, what hosts say that they allow, and the audit as a hash chain with the heads that others keep.
import { type Kysely, sql } from 'kysely';
import { type AuditDetail, type AuditOutcome, entryHash } from '../audit-chain.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
  await linkEntries(db);
  for (const statement of constraints) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table host add column policy jsonb`,
  `create table command (
     request_id text primary key,
     host_id int4 not null references host,
     operator text not null,
     action jsonb not null,
     summary text not null,
     status text not null
       check (status in ('queued', 'offered', 'signed', 'ended', 'refused', 'expired', 'withdrawn', 'lost')),
     relayed_by text not null,
     wire_id text,
     created_at timestamptz not null,
     expires_at timestamptz not null,
     signed_at timestamptz,
     ended_at timestamptz,
     offer_hash text,
     outcome text,
     code text not null default '',
     detail text not null default '',
     receipt text,
     progress text[] not null default '{}'
   )`,
  `create index command_created on command (created_at)`,
  `create index command_wire on command (wire_id)`,
  `create table audit_head (
     head_id int8 generated always as identity primary key,
     host_id int4 not null references host,
     thumbprint text not null,
     sequence int8 not null,
     hash text not null,
     issued_at timestamptz not null,
     received_at timestamptz not null,
     fits boolean not null,
     statement text not null
   )`,
  `create index audit_head_host on audit_head (host_id, head_id)`,
  `alter table audit
     add column sequence int8,
     add column host_id int4,
     add column previous_hash text not null default '',
     add column hash text not null default ''`,
];

const constraints = [
  `alter table audit
     alter column sequence set not null,
     alter column previous_hash drop default,
     alter column hash drop default,
     add unique (sequence)`,
];

interface OldEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  detail: AuditDetail;
  outcome: AuditOutcome;
}

const portionRows = 1_000;

/** Entries from before the chain get their place in it, in the order in which they were written. */
async function linkEntries(db: Kysely<unknown>): Promise<void> {
  let sequence = 0;
  let previousHash = '';
  for (let afterId = 0; ;) {
    const { rows } = await sql<OldEntry>`
      select audit_id as id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, actor, action, detail, outcome
        from audit where audit_id > ${afterId} order by audit_id limit ${portionRows}`.execute(db);
    if (rows.length === 0) return;
    const places: number[] = [];
    const previous: string[] = [];
    const hashes: string[] = [];
    for (const { id, ...entry } of rows) {
      sequence++;
      places.push(sequence);
      previous.push(previousHash);
      previousHash = entryHash({ ...entry, sequence, hostId: null, previousHash });
      hashes.push(previousHash);
      afterId = id;
    }
    await sql`
      update audit set sequence = v.sequence, previous_hash = v.previous_hash, hash = v.hash
        from unnest(${rows.map(({ id }) => id)}::int8[], ${places}::int8[], ${previous}::text[], ${hashes}::text[])
          as v (audit_id, sequence, previous_hash, hash)
       where audit.audit_id = v.audit_id`.execute(db);
  }
}
