// /api/v1/notifications/routes: which findings go to which channel, and when.
import type { NotificationRoute, NotificationRouteList } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { z } from 'zod';
import { holdingOf } from '../../notify/gather.ts';
import type { Store } from '../../store/database.ts';
import {
  deleteRoute,
  insertRoute,
  listChannels,
  listRoutes,
  type RouteRow,
  type RouteValues,
  updateRoute,
} from '../../store/queries/notification-settings.ts';
import type { Audit } from '../audit.ts';
import * as schemas from '../openapi/notify-schemas.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import { RequestError } from '../problem.ts';
import { parseQuery } from '../query/parameters.ts';
import { idOf } from './accounts.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeEnv } from './context.ts';
import { nameTaken } from './notification-channels.ts';

const common = { tag: 'Notifications', role: 'admin', query: {} } as const;

const listAll = operation({
  ...common,
  method: 'get',
  path: '/notifications/routes',
  status: 200,
  summary: 'Routes, with what they hold back',
  response: schemas.notificationRouteList,
});
const create = operation({
  ...common,
  method: 'post',
  path: '/notifications/routes',
  audit: 'notification-route.create',
  status: 201,
  summary: 'Make a route; findings take every route that takes them',
  body: schemas.routeBody,
  response: schemas.notificationRoute,
});
const change = operation({
  ...common,
  method: 'put',
  path: '/notifications/routes/{id}',
  audit: 'notification-route.change',
  status: 200,
  summary: 'Set a route; what it holds already is sent by the new rules',
  body: schemas.routeBody,
  response: schemas.notificationRoute,
});
const remove = operation({
  ...common,
  method: 'delete',
  path: '/notifications/routes/{id}',
  audit: 'notification-route.delete',
  status: 204,
  summary: 'Delete a route with what it holds',
});

export const notificationRouteOperations = [listAll, create, change, remove];

const example = '{"name": "…", "on": true, "channelId": 1, "minimumSeverity": "high", "changes": ["opened"], …}';

export function notificationRouteRoutes(options: { store: Store; audit: Audit; now: () => number }): Hono<ServeEnv> {
  const { store, audit, now } = options;
  const routes = new Hono<ServeEnv>();

  const one = async (id: number): Promise<NotificationRoute> => {
    const [row] = await listRoutes(store.db, new Date(now()), id);
    if (row === undefined) throw noSuchRoute(id);
    return shownRoute(row, now());
  };

  routes.get(routeOf(listAll), async (context) => {
    parseQuery({}, queryOf(context));
    const rows = await listRoutes(store.db, new Date(now()));
    const items = rows.map((row) => shownRoute(row, now()));
    return context.json({
      items,
      nextCursor: null,
      asOf: new Date(now()).toISOString(),
    } satisfies NotificationRouteList);
  });

  routes.post(routeOf(create), async (context) => {
    const values = valuesOf(await readBody(context, schemas.routeBody, example));
    await requireChannel(values.channelId);
    const id = await insertRoute(store.db, values);
    if (id === undefined) throw nameTaken('route', values.name);
    await audit(context.get('identity'), 'notification-route.create', { routeId: id, ...auditedOf(values) });
    return context.json(await one(id), 201);
  });

  routes.put(routeOf(change), async (context) => {
    const id = idOf(context);
    const values = valuesOf(await readBody(context, schemas.routeBody, example));
    await requireChannel(values.channelId);
    const changed = await updateRoute(store.db, id, values);
    if (changed === 'missing') throw noSuchRoute(id);
    if (changed === 'name-taken') throw nameTaken('route', values.name);
    await audit(context.get('identity'), 'notification-route.change', { routeId: id, ...auditedOf(values) });
    return context.json(await one(id));
  });

  routes.delete(routeOf(remove), async (context) => {
    const id = idOf(context);
    if (!(await deleteRoute(store.db, id))) throw noSuchRoute(id);
    await audit(context.get('identity'), 'notification-route.delete', { routeId: id });
    return context.body(null, 204);
  });

  const requireChannel = async (channelId: number): Promise<void> => {
    if ((await listChannels(store.db, channelId)).length > 0) return;
    const detail = `there is no notification channel ${channelId}`;
    throw new RequestError('invalid-request', `channelId: ${detail}.`, {
      errors: [{ parameter: 'channelId', detail }],
    });
  };

  return routes;
}

function valuesOf({ name, on, channelId, ...rules }: z.output<typeof schemas.routeBody>): RouteValues {
  return { name, on, channelId, rules };
}

function auditedOf({ name, on, channelId, rules }: RouteValues): Record<string, string | number | boolean> {
  return {
    ...{ name, on, channelId, minimumSeverity: rules.minimumSeverity },
    ...{ hosts: rules.hostLabels.join(' ') || 'all', detectors: rules.detectors.join(' ') || 'all' },
  };
}

function shownRoute(row: RouteRow, now: number): NotificationRoute {
  const { id, name, on, channelId, rules, held, leftOut } = row;
  return { id, name, on, channelId, ...rules, held, holding: holdingOf(row, now), leftOut };
}

const noSuchRoute = (id: number) => new RequestError('not-found', `There is no notification route ${id}.`);
