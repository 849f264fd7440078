// What has to do with commanding a host: the policy that it told, and the key by which it is known.
import { sql, type Kysely } from 'kysely';
import type { HostPolicyView } from '@foretop/proto/api';
import type { Database } from '../schema.ts';

/** As last told; null from an agent that knows no commands. */
export async function recordHostPolicy(
  db: Kysely<Database>,
  hostId: number,
  policy: HostPolicyView | null,
): Promise<void> {
  const value = policy === null ? null : JSON.stringify(policy);
  await sql`
    update host set policy = ${value}::jsonb where host_id = ${hostId} and policy is distinct from ${value}::jsonb`.execute(
    db,
  );
}

/** The thumbprint is of its newest key that stands. */
export interface HostControl {
  policy: HostPolicyView | null;
  keyThumbprint: string | null;
}

export async function selectHostControl(db: Kysely<Database>, hostId: number): Promise<HostControl | undefined> {
  const { rows } = await sql<HostControl>`
    select policy, (select thumbprint from agent_key k where k.host_id = host.host_id and revoked_at is null
                     order by created_at desc limit 1) as "keyThumbprint"
      from host where host_id = ${hostId}`.execute(db);
  return rows[0];
}

/** Of all hosts that are not revoked, by id. */
export async function selectHostControls(db: Kysely<Database>): Promise<Map<number, HostControl>> {
  const { rows } = await sql<HostControl & { hostId: number }>`
    select host.host_id as "hostId", policy, key.thumbprint as "keyThumbprint"
      from host left join lateral (select thumbprint from agent_key k where k.host_id = host.host_id and revoked_at is null
                                    order by created_at desc limit 1) key on true
     where host.revoked_at is null`.execute(db);
  return new Map(rows.map((row) => [row.hostId, row]));
}
