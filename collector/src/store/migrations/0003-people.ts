// Accounts with passwords, sessions bound to them, tokens with scopes, and the labels of hosts that both can be bound to.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // A list of labels that became empty must never come to mean all hosts, so all hosts is null and an empty list cannot be.
  `create table account (
     account_id int4 generated always as identity primary key,
     name text not null,
     name_key text not null unique,
     password_hash text not null,
     role text not null check (role in ('viewer', 'operator', 'admin')),
     host_labels text[] check (cardinality(host_labels) > 0),
     created_at timestamptz not null default now(),
     password_set_at timestamptz not null default now(),
     signed_in_at timestamptz,
     disabled_at timestamptz,
     constraint account_admin_unbound check (role <> 'admin' or host_labels is null)
   )`,
  `alter table session
     add column account_id int4 references account on delete cascade,
     add column network text not null default '',
     add column user_agent text not null default ''`,
  `create index session_account on session (account_id)`,
  `alter table api_token
     add column scopes text[] not null default '{read,export}',
     add column host_labels text[] check (cardinality(host_labels) > 0),
     add column created_by text not null default 'command line'`,
  // Tokens that are there keep what their role allowed.
  `update api_token set scopes = '{read,export,command:request}' where role = 'operator'`,
  `update api_token set scopes = '{read,export,command:request,admin}' where role = 'admin'`,
  `alter table api_token
     alter column scopes drop default,
     add constraint api_token_admin_unbound check (role <> 'admin' or host_labels is null)`,
  `alter table host add column labels text[] not null default '{}'`,
];
