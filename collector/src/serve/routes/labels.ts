// PUT /api/v1/hosts/{id}/labels: what accounts and tokens are bound to.
import type { HostLabels } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import { setHostLabels } from '../../store/queries/hosts.ts';
import type { Audit } from '../audit.ts';
import { hostLabels } from '../auth/account-name.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/people-schemas.ts';
import { noSuchHost } from '../problem.ts';
import { readBody } from './body.ts';
import { hostIdOf, type ServeEnv } from './context.ts';

const body = z.strictObject({ labels: hostLabels });

const setLabels = operation({
  method: 'put',
  path: '/hosts/{id}/labels',
  tag: 'Administration',
  role: 'admin',
  audit: 'host.labels',
  status: 200,
  summary: 'Set the labels of a host; accounts and tokens that are bound to labels see it, or no longer do, at once',
  query: {},
  body,
  response: schemas.hostLabels,
});

export const labelOperations = [setLabels];

export function labelRoutes(options: {
  store: Store;
  audit: Audit;
  accessChanged: () => Promise<void>;
}): Hono<ServeEnv> {
  const { store, audit, accessChanged } = options;
  const routes = new Hono<ServeEnv>();
  routes.put(routeOf(setLabels), async (context) => {
    const hostId = hostIdOf(context);
    const { labels } = await readBody(context, body, '{"labels": ["prod", "site=berlin"]}');
    if (!(await setHostLabels(store.db, hostId, labels))) throw noSuchHost(hostId);
    await audit(context.get('identity'), 'host.labels', { hostId, labels: labels.join(' ') });
    await accessChanged();
    return context.json({ labels } satisfies HostLabels);
  });
  return routes;
}
