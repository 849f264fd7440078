// Keys that accounts registered, what was granted to them, and whom a roster would therefore name.
import type { KeyGrant } from '@foretop/proto/api';
import type { Capability, RosterOperator, Signer } from '@foretop/proto/trust';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface SigningKeyRow {
  key_id: number;
  account_id: number;
  account: string;
  /** The account is enabled, and no viewer. */
  may_act: boolean;
  signer: Signer;
  name: string;
  thumbprint: string;
  cnf: RosterOperator['cnf'];
  created_at: Date;
  granted_at: Date | null;
  capabilities: Capability[];
  host_thumbprints: string[];
  file_labels: string[];
  all_hosts: boolean;
}

const keys = (db: Kysely<Database>) =>
  db
    .selectFrom('signing_key')
    .innerJoin('account', 'account.account_id', 'signing_key.account_id')
    .select([
      'key_id',
      'signing_key.account_id',
      'account.name as account',
      'signer',
      'signing_key.name',
      'thumbprint',
      'cnf',
      'signing_key.created_at',
      'granted_at',
      'capabilities',
      'host_thumbprints',
      'file_labels',
      'all_hosts',
    ])
    .select(sql<boolean>`account.disabled_at is null and account.role in ('operator', 'admin')`.as('may_act'));

/** Oldest first; of one account, or of all. */
export function listSigningKeys(db: Kysely<Database>, accountId: number | undefined): Promise<SigningKeyRow[]> {
  const all = keys(db).orderBy('key_id');
  return (accountId === undefined ? all : all.where('signing_key.account_id', '=', accountId)).execute();
}

export function getSigningKey(db: Kysely<Database>, keyId: number): Promise<SigningKeyRow | undefined> {
  return keys(db).where('key_id', '=', keyId).executeTakeFirst();
}

/** undefined: the key is registered already. */
export async function insertSigningKey(
  db: Kysely<Database>,
  key: { accountId: number; signer: Signer; name: string; thumbprint: string; cnf: RosterOperator['cnf'] },
): Promise<number | undefined> {
  const row = await db
    .insertInto('signing_key')
    .values({
      account_id: key.accountId,
      signer: key.signer,
      name: key.name,
      thumbprint: key.thumbprint,
      cnf: JSON.stringify(key.cnf),
    })
    .onConflict((conflict) => conflict.column('thumbprint').doNothing())
    .returning('key_id')
    .executeTakeFirst();
  return row?.key_id;
}

export async function deleteSigningKey(db: Kysely<Database>, keyId: number): Promise<void> {
  await db.deleteFrom('signing_key').where('key_id', '=', keyId).execute();
}

export async function grantSigningKey(
  db: Kysely<Database>,
  keyId: number,
  { capabilities, hosts }: KeyGrant,
  by: { name: string; at: Date },
): Promise<void> {
  await db
    .updateTable('signing_key')
    .set({
      granted_at: by.at,
      granted_by: by.name,
      capabilities,
      host_thumbprints: hosts.ids,
      file_labels: hosts.labels,
      all_hosts: hosts.all,
    })
    .where('key_id', '=', keyId)
    .execute();
}

export async function withdrawGrant(db: Kysely<Database>, keyId: number): Promise<void> {
  await db
    .updateTable('signing_key')
    .set({
      granted_at: null,
      granted_by: null,
      capabilities: [],
      host_thumbprints: [],
      file_labels: [],
      all_hosts: false,
    })
    .where('key_id', '=', keyId)
    .execute();
}

/** Those of these keys of hosts that are not enrolled. */
export async function unknownHosts(db: Kysely<Database>, thumbprints: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ thumbprint: string }>`
    select wanted as thumbprint from unnest(${thumbprints}::text[]) wanted
     where not exists (select from agent_key where thumbprint = wanted and revoked_at is null)`.execute(db);
  return rows.map((row) => row.thumbprint);
}

export interface GrantedKeyRow {
  account: string;
  signer: Signer;
  cnf: RosterOperator['cnf'];
  capabilities: Capability[];
  /** Of enrolled hosts, in order. */
  ids: string[];
  labels: string[];
}

/**
 * Keys with a grant, of accounts that are enabled and may act at all. An account that is bound to labels reaches no host
 * without one of them, whatever its key was granted.
 */
export async function listGrantedKeys(db: Kysely<Database>): Promise<GrantedKeyRow[]> {
  const { rows } = await sql<GrantedKeyRow>`
    select a.name as account, k.signer, k.cnf, k.capabilities, k.file_labels as labels,
           array(select g.thumbprint
                   from agent_key g join host h using (host_id)
                  where g.revoked_at is null and h.revoked_at is null
                    and (k.all_hosts or g.thumbprint = any(k.host_thumbprints))
                    and (a.host_labels is null or h.labels && a.host_labels)
                  order by g.thumbprint collate "C") as ids
      from signing_key k join account a using (account_id)
     where k.granted_at is not null and a.disabled_at is null and a.role in ('operator', 'admin')
     order by k.key_id`.execute(db);
  return rows;
}
