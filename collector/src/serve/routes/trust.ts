// /api/v1/trust: where the owner key is, who may sign commands, and putting a roster in force that was signed elsewhere.
import type { TrustState } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { Store } from '../../store/database.ts';
import type { Trust } from '../../trust/trust.ts';
import type { Audit } from '../audit.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { parseQuery } from '../query/parameters.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeEnv } from './context.ts';
import { asRequest, signedRoster } from './trust-answers.ts';

const about = { tag: 'Trust', query: {} } as const;

const getTrust = operation({
  ...about,
  method: 'get',
  path: '/trust',
  role: 'viewer',
  status: 200,
  summary: 'Where the owner key is, and the roster in force',
  response: schemas.trustState,
});
const publishRoster = operation({
  ...about,
  method: 'put',
  path: '/trust/roster',
  role: 'admin',
  person: true,
  audit: 'roster.publish',
  status: 200,
  summary: 'Put a roster in force that the owner key signed elsewhere',
  body: schemas.rosterUpload,
  response: schemas.signedRoster,
});

export const trustOperations = [getTrust, publishRoster];

export interface TrustRouteOptions {
  store: Store;
  trust: Trust;
  audit: Audit;
  now: () => number;
}

export function trustRoutes({ trust, audit }: TrustRouteOptions): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(getTrust), async (context) => {
    parseQuery({}, queryOf(context));
    const state = await trust.state();
    const unsigned = context.get('identity').role === 'admin' ? state.unsigned : null;
    return context.json({ ...state, unsigned } satisfies TrustState);
  });

  routes.put(routeOf(publishRoster), async (context) => {
    const identity = context.get('identity');
    const { roster } = await readBody(context, schemas.rosterUpload, '{"roster": "<signed roster>"}');
    const published = await asRequest(trust.publish(roster));
    await audit(identity, 'roster.publish', { serial: published.serial, operators: published.operators.length });
    return context.json(signedRoster(published));
  });

  return routes;
}
