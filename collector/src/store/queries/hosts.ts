// The table of hosts: what each said about itself, when it was last heard, which there are.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** One host as stored; whether it is live is known only to the live side. */
export type HostRow = Awaited<ReturnType<typeof listHosts>>[number];

const columns = [
  'host_id',
  'name',
  'enrolled_at',
  'last_seen_at',
  'revoked_at',
  'os',
  'kernel',
  'arch',
  'platform',
  'addresses',
  'cpus',
  'memory_bytes',
  'agent_version',
  'protocol_version',
  'scope',
  'tier',
  'sources',
  'booted_at',
  'labels',
  'time_zone',
] as const;

/** Every host, revoked ones included, in the order in which they were enrolled. */
export function listHosts(db: Kysely<Database>) {
  return db.selectFrom('host').select(columns).orderBy('host_id').execute();
}

export function getHost(db: Kysely<Database>, hostId: number): Promise<HostRow | undefined> {
  return db.selectFrom('host').select(columns).where('host_id', '=', hostId).executeTakeFirst();
}

/** False: there is no such host. */
export async function setHostLabels(db: Kysely<Database>, hostId: number, labels: readonly string[]): Promise<boolean> {
  const changed = await db
    .updateTable('host')
    .set({ labels: [...labels] })
    .where('host_id', '=', hostId)
    .returning('host_id')
    .executeTakeFirst();
  return changed !== undefined;
}

/** Of every host only what changes by itself. */
export function hostDirectory(db: Kysely<Database>) {
  return db.selectFrom('host').select(['host_id', 'last_seen_at', 'revoked_at']).orderBy('host_id').execute();
}

/** What a host says about itself when it connects; already cleaned. */
export interface HostFactsRow {
  name: string;
  os: string;
  kernel: string;
  arch: string;
  platform: string;
  addresses: string[];
  cpus: number;
  memoryBytes: number;
  /** Of the IANA database; empty = not known. */
  timeZone: string;
  agentVersion: string;
  protocolVersion: number;
  scope: string;
  tier: number;
  sources: { name: string; available: boolean; reason: string; remedy: string }[];
  bootedAt: Date | null;
  seenAt: Date;
}

/**
 * The boot time is computed from two clocks, so it differs by milliseconds from one connection to the next; below this it is
 * the same boot.
 */
const sameBootSeconds = 5;

/** Notes the facts and that the host was heard. True when a fact is another than before. */
export async function recordHostFacts(db: Kysely<Database>, hostId: number, facts: HostFactsRow): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`
    update host set
      name = v.name, os = v.os, kernel = v.kernel, arch = v.arch, platform = v.platform, addresses = v.addresses,
      cpus = v.cpus, memory_bytes = v.memory_bytes, time_zone = v.time_zone, agent_version = v.agent_version,
      protocol_version = v.protocol_version, scope = v.scope, tier = v.tier, sources = v.sources,
      booted_at = case when before.same_boot then host.booted_at else v.booted_at end,
      last_seen_at = greatest(host.last_seen_at, v.seen_at)
    from
      (select ${facts.name}::text as name, ${facts.os}::text as os, ${facts.kernel}::text as kernel,
         ${facts.arch}::text as arch, ${facts.platform}::text as platform, ${facts.addresses}::text[] as addresses,
         ${facts.cpus}::int4 as cpus, ${facts.memoryBytes}::int8 as memory_bytes,
         ${facts.timeZone}::text as time_zone, ${facts.agentVersion}::text as agent_version, ${facts.protocolVersion}::int4 as protocol_version,
         ${facts.scope}::text as scope, ${facts.tier}::int2 as tier, ${JSON.stringify(facts.sources)}::jsonb as sources,
         ${facts.bootedAt}::timestamptz as booted_at, ${facts.seenAt}::timestamptz as seen_at) v
      cross join lateral
      (select h.name, h.os, h.kernel, h.arch, h.platform, h.addresses, h.cpus, h.memory_bytes, h.time_zone, h.agent_version,
         h.protocol_version, h.scope, h.tier, h.sources,
         coalesce(abs(extract(epoch from h.booted_at - v.booted_at)) < ${sameBootSeconds}, false) as same_boot
       from host h where h.host_id = ${hostId}) before
    where host.host_id = ${hostId}
    returning not before.same_boot or
      (before.name, before.os, before.kernel, before.arch, before.platform, before.addresses, before.cpus,
       before.memory_bytes, before.time_zone, before.agent_version, before.protocol_version, before.scope, before.tier, before.sources)
      is distinct from
      (v.name, v.os, v.kernel, v.arch, v.platform, v.addresses, v.cpus, v.memory_bytes, v.time_zone, v.agent_version,
       v.protocol_version, v.scope, v.tier, v.sources) as changed`.execute(db);
  return rows[0]?.changed ?? false;
}

/** When each host was last heard; never moves back. One statement for all. */
export async function touchHosts(db: Kysely<Database>, seen: ReadonlyMap<number, Date>): Promise<void> {
  if (seen.size === 0) return;
  await sql`
    update host set last_seen_at = v.seen_at
    from unnest(${[...seen.keys()]}::int4[], ${[...seen.values()]}::timestamptz[]) as v (host_id, seen_at)
    where host.host_id = v.host_id and (host.last_seen_at is null or host.last_seen_at < v.seen_at)`.execute(db);
}
