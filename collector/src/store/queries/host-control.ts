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
export async function selectHostControl(
  db: Kysely<Database>,
  hostId: number,
): Promise<{ policy: HostPolicyView | null; keyThumbprint: string | null } | undefined> {
  const { rows } = await sql<{ policy: HostPolicyView | null; keyThumbprint: string | null }>`
    select policy, (select thumbprint from agent_key k where k.host_id = host.host_id and revoked_at is null
                     order by created_at desc limit 1) as "keyThumbprint"
      from host where host_id = ${hostId}`.execute(db);
  return rows[0];
}
