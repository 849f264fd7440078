// GET /api/v1/connections/{id}: one connection with all that is known of it.
import { Hono } from 'hono';
import { hostsInSight } from '../auth/sight.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { createConnectionDetail, type DetailOptions } from '../query/connection-detail.ts';
import { parseQuery } from '../query/parameters.ts';
import { findHost } from './connections.ts';
import { noSuchRow, queryOf, rowIdOf, type ServeEnv } from './context.ts';

const getConnection = operation({
  method: 'get',
  path: '/connections/{id}',
  tag: 'Connections',
  role: 'viewer',
  status: 200,
  summary: 'One connection with its process, what is stored of it, and its other end',
  query: {},
  response: schemas.connectionDetail,
});

export const connectionDetailOperations = [getConnection];

export function connectionDetailRoutes(options: DetailOptions): Hono<ServeEnv> {
  const find = createConnectionDetail(options);
  const routes = new Hono<ServeEnv>();
  routes.get(routeOf(getConnection), async (context) => {
    const { hostId, id } = rowIdOf(context, 'connection');
    parseQuery(getConnection.query, queryOf(context));
    await findHost(options.store, hostId);
    const inSight = new Set((await hostsInSight(options.store.db, context.get('identity'))).map((host) => host.hostId));
    const detail = await find(hostId, id, inSight);
    if (detail === undefined) throw noSuchRow('connection', `${hostId}-${id}`);
    return context.json(detail);
  });
  return routes;
}
