// /api/v1/account: one's own password and sessions.
import type { List, OpenSession } from '@foretop/proto/api';
import { Hono } from 'hono';
import { deleteCookie } from 'hono/cookie';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import { listSessions } from '../../store/queries/access.ts';
import { endSessions } from '../../store/queries/accounts.ts';
import type { Audit } from '../audit.ts';
import type { Callers } from '../auth/caller.ts';
import { cookieName } from '../auth/credentials.ts';
import type { People } from '../auth/people.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/people-schemas.ts';
import { RequestError } from '../problem.ts';
import * as parameters from '../query/parameters.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';
import { openedSession, password } from './session.ts';

const passwordBody = z.strictObject({ current: password, password });
const common = { tag: 'People', role: 'viewer', person: true, query: {} } as const;

const changePassword = operation({
  ...common,
  method: 'put',
  path: '/account/password',
  status: 201,
  summary: 'Change the own password; every session of the account ends, and this one goes on as a new one',
  body: passwordBody,
  response: schemas.newSession,
});
const listOwn = operation({
  ...common,
  method: 'get',
  path: '/account/sessions',
  status: 200,
  summary: 'Where one is signed in, newest first',
  response: schemas.openSessionList,
});
const signOutEverywhere = operation({
  ...common,
  method: 'delete',
  path: '/account/sessions',
  status: 204,
  summary: 'Sign out everywhere, here too',
});

export const ownAccountOperations = [changePassword, listOwn, signOutEverywhere];

export function ownAccountRoutes(options: {
  store: Store;
  people: People;
  callers: Callers;
  audit: Audit;
  accessChanged: () => Promise<void>;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, people, callers, audit, accessChanged, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.put(routeOf(changePassword), async (context) => {
    const identity = context.get('identity');
    const body = await readBody(context, passwordBody, '{"current": "…", "password": "…"}');
    const session = await people.changeOwn(identity, body, callers.of(context.env.incoming));
    await audit(identity, 'account.password', { accountId: identity.accountId, name: identity.name });
    await accessChanged();
    return openedSession(context, session);
  });

  routes.get(routeOf(listOwn), async (context) => {
    parameters.parseQuery({}, queryOf(context));
    const { accountId, cookieHash } = ownSession(context);
    const rows = await listSessions(store.db, accountId, new Date(now()));
    return context.json({
      items: rows.map((row) => ({
        createdAt: row.created_at.toISOString(),
        expiresAt: row.expires_at.toISOString(),
        network: row.network,
        userAgent: row.user_agent,
        current: row.cookie_hash.equals(cookieHash),
      })),
      nextCursor: null,
      asOf: new Date(now()).toISOString(),
    } satisfies List<OpenSession>);
  });

  routes.delete(routeOf(signOutEverywhere), async (context) => {
    const { accountId } = ownSession(context);
    const ended = await endSessions(store.db, accountId);
    await audit(context.get('identity'), 'session.end', { accountId, sessions: ended });
    await accessChanged();
    deleteCookie(context, cookieName, { path: '/' });
    return context.body(null, 204);
  });

  return routes;
}

/** Throws RequestError invalid-request in a session of a login link. */
function ownSession(context: ServeContext): { accountId: number; cookieHash: Buffer } {
  const identity = context.get('identity');
  if ('cookieHash' in identity && identity.accountId !== null)
    return { accountId: identity.accountId, cookieHash: identity.cookieHash };
  throw new RequestError('invalid-request', 'This session came from a login link and belongs to no account.');
}
