// /api/v1/session and /setup: exchange a login code, or name and password, for a session; make the first administrator; sign out.
import type { SessionInfo } from '@foretop/proto/api';
import { Hono } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import type { Audit } from '../audit.ts';
import { type Access, type NewSession, sessionLifeMs } from '../auth/access.ts';
import { accountName } from '../auth/account-name.ts';
import type { Callers } from '../auth/caller.ts';
import { cookieName } from '../auth/credentials.ts';
import { longestPassword } from '../auth/passwords.ts';
import type { People } from '../auth/people.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/people-schemas.ts';
import { RequestError } from '../problem.ts';
import { readBody } from './body.ts';
import type { ServeContext, ServeEnv } from './context.ts';

/** A password of any length that somebody may have set; what is new is looked at more closely. */
export const password = z.string().max(longestPassword * 4);

const codeBody = z.strictObject({ code: z.string().max(128) });
const passwordBody = z.strictObject({ name: z.string().max(128), password });
const signInBody = z.union([codeBody, passwordBody]);
const setupBody = z.strictObject({ name: accountName, password });

const about = { path: '/session', tag: 'Session', query: {} } as const;

const signIn = operation({
  ...about,
  method: 'post',
  role: 'nobody',
  summary: 'Exchange the code of a login link, or name and password, for a session: a cookie and a secret',
  body: signInBody,
  status: 201,
  response: schemas.newSession,
});
const whoAmI = operation({
  ...about,
  method: 'get',
  role: 'viewer',
  summary: 'Who one is',
  status: 200,
  response: schemas.session,
});
const signOut = operation({
  ...about,
  method: 'delete',
  role: 'viewer',
  scope: 'read',
  summary: 'Sign out; the WebSockets of the session are closed',
  status: 204,
});
const setUp = operation({
  method: 'post',
  path: '/setup',
  tag: 'Session',
  query: {},
  role: 'admin',
  person: true,
  audit: 'account.create',
  summary: 'Make the first administrator, in a session of a login link; that session goes on as theirs',
  body: setupBody,
  status: 201,
  response: schemas.newSession,
});

export const sessionOperations = [signIn, whoAmI, signOut, setUp];

export interface SessionOptions {
  access: Access;
  people: People;
  callers: Callers;
  audit: Audit;
  /** Sessions or what they may do have changed: sockets that no longer stand are to be closed. */
  accessChanged: () => Promise<void>;
}

/** The only route of the API that answers without a session. */
export function signInRoute({ access, people, callers, audit }: SessionOptions): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();
  routes.post(routeOf(signIn), async (context) => {
    const body = await readBody(context, signInBody, '{"code": "…"} or {"name": "…", "password": "…"}');
    const caller = callers.of(context.env.incoming);
    if ('code' in body) {
      const session = await access.exchangeCode(body.code, caller);
      await audit(undefined, 'session.create', { role: session.role, network: caller.network });
      return openedSession(context, session);
    }
    const session = await people.signIn(body, caller);
    await audit(undefined, 'session.create', { name: body.name, role: session.role, network: caller.network });
    return openedSession(context, session);
  });
  return routes;
}

export function sessionRoutes({ access, people, callers, audit, accessChanged }: SessionOptions): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();
  routes.get(routeOf(whoAmI), async (context) => {
    const identity = context.get('identity');
    return context.json({
      kind: 'cookieHash' in identity ? 'session' : 'token',
      role: identity.role,
      name: identity.name,
      accountId: identity.accountId,
      hostLabels: [...identity.hostLabels],
      canSign: identity.canSign,
      expiresAt: identity.expiresAt?.toISOString() ?? null,
      setupNeeded: await people.setupNeeded(identity),
    } satisfies SessionInfo);
  });
  routes.delete(routeOf(signOut), async (context) => {
    const identity = context.get('identity');
    if (!('cookieHash' in identity)) {
      throw new RequestError(
        'invalid-request',
        'A bearer token has no session to end. Revoke it with: foretop token revoke',
      );
    }
    await access.signOut(identity);
    await audit(identity, 'session.end', {});
    await accessChanged();
    deleteCookie(context, cookieName, { path: '/' });
    return context.body(null, 204);
  });
  routes.post(routeOf(setUp), async (context) => {
    const identity = context.get('identity');
    const body = await readBody(context, setupBody, '{"name": "…", "password": "…"}');
    const session = await people.setUp(identity, body, callers.of(context.env.incoming));
    await audit(identity, 'account.create', { name: body.name, role: 'admin', first: true });
    await accessChanged();
    return openedSession(context, session);
  });
  return routes;
}

/** Sets the one half as a cookie that no script reads, and answers with the other. */
export function openedSession(context: ServeContext, { cookie, secret, role, expiresAt }: NewSession): Response {
  setCookie(context, cookieName, cookie, {
    path: '/',
    httpOnly: true,
    // The page's own scheme, also where a proxy ends TLS; the origin check has made sure that it is ours.
    secure: context.req.header('origin')?.startsWith('https://') ?? false,
    sameSite: 'Strict',
    maxAge: Math.floor(sessionLifeMs / 1000),
  });
  return context.json({ secret, role, expiresAt: expiresAt.toISOString() }, 201);
}
