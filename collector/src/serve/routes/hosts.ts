// /api/v1/hosts and /api/v1/hosts/{id}: what hosts said about themselves, with their last pulse; revoking a host's key.
import type { Host, HostDetail, List } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { selectHostControl } from '../../store/queries/host-control.ts';
import { getHost, type HostRow, listHosts } from '../../store/queries/hosts.ts';
import { revokeHost } from '../../wire/enrolment.ts';
import type { Audit } from '../audit.ts';
import { requireRole, sees } from '../auth/access.ts';
import { type Exporter, portionsOf, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { noSuchHost } from '../problem.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import { type Order, sortRows } from '../query/order.ts';
import { givenUpNames } from '../query/names.ts';
import * as parameters from '../query/parameters.ts';
import { hostIdOf, queryOf, type ServeEnv } from './context.ts';

const statuses = ['live', 'stale', 'offline', 'revoked'] as const;
const columns = [
  'id',
  'name',
  'status',
  'rxRate',
  'txRate',
  'connections',
  'cpuPercent',
  'memoryUsedBytes',
  'enrolledAt',
  'lastSeenAt',
] as const;

const listAll = operation({
  method: 'get',
  path: '/hosts',
  tag: 'Hosts',
  role: 'viewer',
  status: 200,
  summary: 'Hosts with their last pulse',
  query: {
    status: z
      .enum(statuses, { error: `one of ${statuses.join(', ')} is required` })
      .optional()
      .describe(`One of ${statuses.join(', ')}.`),
    sort: parameters.sort(columns, 'name'),
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  response: schemas.hostList,
  exports: 'rows',
});
const getOne = operation({
  method: 'get',
  path: '/hosts/{id}',
  tag: 'Hosts',
  role: 'viewer',
  status: 200,
  summary: 'One host',
  query: {},
  response: schemas.hostDetail,
});
const revokeKey = operation({
  method: 'delete',
  path: '/hosts/{id}/key',
  tag: 'Administration',
  role: 'admin',
  status: 204,
  summary: "Refuse the host's key from now on and cut its connection",
  query: {},
});

export const hostOperations = [listAll, getOne, revokeKey];

const fileColumns = Object.keys(schemas.host.shape);

export function hostRoutes(options: {
  store: Store;
  live: LiveHub;
  exporter: Exporter;
  audit: Audit;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, live, exporter, audit, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(listAll), async (context) => {
    const query = parameters.parseQuery(listAll.query, queryOf(context));
    const identity = context.get('identity');
    const rows = (await listHosts(store.db)).filter((row) => sees(identity, row.labels));
    const hosts = rows.map((row) => hostOf(row, live));
    const wanted = hosts.filter((host) => query.status === undefined || host.status === query.status);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const portions = () => portionsOf(sortRows(wanted, query.sort));
      return exporter.respond({
        format,
        name: 'hosts',
        columns: fileColumns,
        rows: portions,
        signal: context.req.raw.signal,
      });
    }
    return context.json(pageOfHosts(wanted, query, new Date(now()).toISOString()));
  });

  routes.get(routeOf(getOne), async (context) => {
    const id = hostIdOf(context);
    parameters.parseQuery(getOne.query, queryOf(context));
    const row = await getHost(store.db, id);
    if (row === undefined) throw noSuchHost(id);
    const { policy = null, keyThumbprint = null } = (await selectHostControl(store.db, id)) ?? {};
    return context.json({ ...hostOf(row, live), policy, keyThumbprint } satisfies HostDetail);
  });

  routes.delete(routeOf(revokeKey), async (context) => {
    requireRole(context.get('identity'), 'admin');
    const id = hostIdOf(context);
    parameters.parseQuery(revokeKey.query, queryOf(context));
    if (!(await revokeHost(store, id))) throw noSuchHost(id);
    await audit(context.get('identity'), 'host.revoke', { hostId: id });
    return context.body(null, 204);
  });

  return routes;
}

/** The row after which the next page goes on, by its place in the order. Hosts are few enough to be sorted each time. */
function pageOfHosts(
  hosts: Host[],
  query: {
    status?: string | undefined;
    sort: Order<(typeof columns)[number]>;
    limit: number;
    cursor?: string | undefined;
  },
  asOf: string,
): List<Host> {
  const { sort, limit, cursor } = query;
  const of = fingerprint(['hosts', query.status, sort]);
  const sorted = sortRows(hosts, sort);
  const afterId = cursor === undefined ? undefined : decodeCursor(cursor, of, z.int().positive());
  const start = afterId === undefined ? 0 : sorted.findIndex((host) => host.id === afterId) + 1;
  const items = sorted.slice(start, start + limit);
  const more = start + limit < sorted.length;
  return { items, nextCursor: more ? encodeCursor(of, items.at(-1)!.id) : null, asOf };
}

function hostOf(row: HostRow, live: LiveHub): Host {
  const status = row.revoked_at === null ? live.status(row.host_id) : 'revoked';
  const last = live.lastPulse(row.host_id);
  const pulse = status === 'live' ? last?.pulse : undefined;
  const sinceStart = (count: number | null | undefined) => (pulse === undefined ? null : (count ?? 0));
  const lastSeenMs = Math.max(row.last_seen_at?.getTime() ?? 0, (last?.receivedUs ?? 0) / 1000);
  return {
    id: row.host_id,
    name: row.name,
    labels: row.labels,
    status,
    addresses: row.addresses,
    os: row.os,
    kernel: row.kernel,
    arch: row.arch,
    platform: row.platform,
    cpus: row.cpus,
    memoryBytes: row.memory_bytes,
    timeZone: row.time_zone,
    agentVersion: row.agent_version,
    scope: row.scope,
    tier: row.tier,
    sources: row.sources,
    enrolledAt: row.enrolled_at.toISOString(),
    lastSeenAt: lastSeenMs === 0 ? null : new Date(lastSeenMs).toISOString(),
    bootedAt: row.booted_at?.toISOString() ?? null,
    rxRate: pulse?.rxRate ?? null,
    txRate: pulse?.txRate ?? null,
    connections: pulse?.connections ?? null,
    cpuPercent: pulse === undefined ? null : (pulse.cpuPermille ?? 0) / 10,
    memoryUsedBytes: pulse?.memoryUsedBytes ?? null,
    coverage: pulse?.hasCoverage === true ? (pulse.coveragePermille ?? 0) / 1000 : null,
    eventsLost: sinceStart(pulse?.eventsLost),
    missingSeconds: sinceStart(pulse?.missingSeconds),
    lateSeconds: sinceStart(pulse?.lateSeconds),
    backfilledSeconds: sinceStart(pulse?.backfilledSeconds),
    givenUp: givenUpNames(pulse?.givenUp ?? 0),
  };
}
