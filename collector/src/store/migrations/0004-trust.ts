// Keys by which people sign commands, what was granted to each, the rosters that said so, and changes of the owner key.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // A grant that names no host reaches none: there is no empty list that could come to mean all.
  `create table signing_key (
     key_id int4 generated always as identity primary key,
     account_id int4 not null references account on delete cascade,
     signer text not null check (signer in ('browser', 'passkey', 'approve')),
     name text not null,
     thumbprint text not null unique,
     cnf jsonb not null,
     created_at timestamptz not null default now(),
     granted_at timestamptz,
     granted_by text,
     capabilities text[] not null default '{}',
     host_thumbprints text[] not null default '{}',
     file_labels text[] not null default '{}',
     all_hosts boolean not null default false,
     constraint signing_key_granted check (granted_at is null or
       (cardinality(capabilities) > 0 and (all_hosts or cardinality(host_thumbprints) + cardinality(file_labels) > 0)))
   )`,
  `create index signing_key_account on signing_key (account_id)`,
  `create table roster (
     serial int8 primary key,
     issued_at timestamptz not null,
     expires_at timestamptz not null,
     statement text not null
   )`,
  `create table owner_change (
     serial int8 primary key,
     statement text not null
   )`,
];
