// /api/v1/stats: hosts by status, connections by state, the processes with most connections, over the whole fleet.
import { type StateName, stateName } from '@foretop/proto';
import type { Stats } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import type { HostSpanRow } from '../../store/queries/gaps.ts';
import { countConnections } from '../../store/queries/connections.ts';
import type { Identity } from '../auth/access.ts';
import { hostsInSight } from '../auth/sight.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import type { ConnectionFinder } from '../query/find-connections.ts';
import { parseQuery } from '../query/parameters.ts';
import { recordDelayUs } from '../query/unknown-spans.ts';
import { queryOf, type ServeEnv } from './context.ts';

/** Many viewers ask for the same numbers; they are computed this often at most. */
const keepMs = 2_000;
const topProcesses = 10;

const getStats = operation({
  method: 'get',
  path: '/stats',
  tag: 'Fleet',
  role: 'viewer',
  status: 200,
  summary: 'Hosts by status, connections by state, the processes with most connections',
  query: {},
  response: schemas.stats,
});

export const statsOperations = [getStats];

export interface Tally {
  hostId: number;
  process: string;
  state: StateName;
  connections: number;
}

export function statsRoutes(options: {
  store: Store;
  live: LiveHub;
  finder: ConnectionFinder;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, live, finder, now } = options;
  const routes = new Hono<ServeEnv>();
  /** By the labels that the viewer is bound to. */
  const kept = new Map<string, { atMs: number; stats: Promise<Stats> }>();

  const tallies = async (hosts: readonly HostSpanRow[]): Promise<{ asOfUs: number; tallies: Tally[] }> => {
    const answer = await finder.live(hosts, {});
    if (answer !== undefined) {
      return {
        asOfUs: answer.asOfUs,
        tallies: answer.connections.map((row) => ({
          hostId: row.hostId,
          process: row.process ?? '',
          state: row.state,
          connections: 1,
        })),
      };
    }
    const nowUs = now() * 1000;
    const atUs = nowUs - recordDelayUs;
    const counts = await boundedRead(store.db, (db) => countConnections(db, { atUs, nowUs }, store.recent));
    const byHost = Map.groupBy(
      counts.map((row): Tally => ({ ...row, state: stateName(row.protocol, row.state) ?? 'close' })),
      (row) => row.hostId,
    );
    const liveHosts = hosts.filter((host) => live.status(host.hostId) === 'live');
    return {
      asOfUs: atUs,
      tallies: liveHosts.flatMap(({ hostId }) =>
        asPulseSays(hostId, byHost.get(hostId) ?? [], live.lastPulse(hostId)?.pulse.connections),
      ),
    };
  };

  const compute = async (identity: Identity): Promise<Stats> => {
    const hosts = (await hostsInSight(store.db, identity)).filter((host) => !host.revoked);
    const counts = { live: 0, stale: 0, offline: 0 };
    for (const { hostId } of hosts) {
      const status = live.status(hostId);
      if (status !== 'revoked') counts[status] += 1;
    }
    const { asOfUs, tallies: rows } = await tallies(hosts);
    return {
      asOf: new Date(asOfUs / 1000).toISOString(),
      hosts: counts,
      connections: { total: rows.reduce((sum, row) => sum + row.connections, 0), byState: byState(rows) },
      topProcesses: busiest(rows),
    };
  };

  routes.get(routeOf(getStats), async (context) => {
    parseQuery(getStats.query, queryOf(context));
    const identity = context.get('identity');
    const bound = JSON.stringify(identity.hostLabels);
    for (const [key, { atMs }] of kept) if (atMs < now() - keepMs) kept.delete(key);
    const entry = kept.get(bound) ?? { atMs: now(), stats: compute(identity) };
    kept.set(bound, entry);
    entry.stats.catch(() => {
      if (kept.get(bound) === entry) kept.delete(bound);
    });
    return context.json(await entry.stats);
  });

  return routes;
}

/** A pulse counts neither of them, nor sockets in time-wait. */
const withoutPeer: readonly StateName[] = ['listen', 'unconnected', 'time-wait'];

/**
 * What is stored of a busy host is some seconds old, and its newest closes are still to come; its pulse counts what is open
 * now. The difference is taken from, or given to, the established ones, the largest process first.
 */
export function asPulseSays(hostId: number, stored: readonly Tally[], open: number | null | undefined): Tally[] {
  if (open === undefined || open === null) return [...stored];
  const counted = stored.filter((row) => !withoutPeer.includes(row.state));
  let surplus = counted.reduce((sum, row) => sum + row.connections, 0) - open;
  const adjusted = new Map<Tally, number>();
  for (const row of counted.toSorted(byLeaving)) {
    if (surplus <= 0) break;
    const taken = Math.min(surplus, row.connections);
    adjusted.set(row, row.connections - taken);
    surplus -= taken;
  }
  const tallies = stored.map((row) => ({ ...row, connections: adjusted.get(row) ?? row.connections }));
  if (surplus < 0) tallies.push({ hostId, process: '', state: 'established', connections: -surplus });
  return tallies.filter((row) => row.connections > 0);
}

const byLeaving = (a: Tally, b: Tally) =>
  Number(b.state === 'established') - Number(a.state === 'established') || b.connections - a.connections;

function byState(rows: readonly Tally[]): Partial<Record<StateName, number>> {
  const counts: Partial<Record<StateName, number>> = {};
  for (const { state, connections } of rows) counts[state] = (counts[state] ?? 0) + connections;
  return counts;
}

/** Connections whose process is not known belong to none. */
function busiest(rows: readonly Tally[]): Stats['topProcesses'] {
  const processes = new Map<string, { connections: number; hosts: Set<number> }>();
  for (const { process, hostId, connections } of rows) {
    if (process === '') continue;
    const entry = processes.get(process) ?? { connections: 0, hosts: new Set<number>() };
    entry.connections += connections;
    entry.hosts.add(hostId);
    processes.set(process, entry);
  }
  return [...processes]
    .map(([process, entry]) => ({ process, connections: entry.connections, hosts: entry.hosts.size }))
    .sort((a, b) => b.connections - a.connections || (a.process < b.process ? -1 : 1))
    .slice(0, topProcesses);
}
