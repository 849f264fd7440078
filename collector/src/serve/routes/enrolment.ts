// POST /api/v1/enrol-tokens: a token that enrols one host.
import { Hono } from 'hono';
import type { Store } from '../../store/database.ts';
import { createEnrolToken } from '../../wire/enrolment.ts';
import type { Audit } from '../audit.ts';
import { requireRole } from '../auth/access.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import type { ServeEnv } from './context.ts';

const createToken = operation({
  method: 'post',
  path: '/enrol-tokens',
  tag: 'Administration',
  role: 'admin',
  status: 201,
  summary: 'A token that enrols one host within 15 minutes; it is shown only once',
  query: {},
  response: schemas.enrolToken,
});

export const enrolmentOperations = [createToken];

export function enrolmentRoutes(store: Store, audit: Audit): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();
  routes.post(routeOf(createToken), async (context) => {
    requireRole(context.get('identity'), 'admin');
    const { token, expiresAt } = await createEnrolToken(store);
    await audit(context.get('identity'), 'enrol-token.create', { expiresAt: expiresAt.toISOString() });
    return context.json({ token, expiresAt: expiresAt.toISOString() }, 201);
  });
  return routes;
}
