// /api/v1/session: exchange a login code for a session, tell who one is, sign out.
import { Hono } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import type { Audit } from '../audit.ts';
import { type Access, cookieName, type Identity, sessionLifeMs } from '../auth/access.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { RequestError } from '../problem.ts';
import type { ServeContext, ServeEnv } from './context.ts';

const codeBody = z.strictObject({ code: z.string().max(128) });

const about = { path: '/session', tag: 'Session', query: {} } as const;

const signIn = operation({
  ...about,
  method: 'post',
  role: 'nobody',
  summary: 'Exchange the code of a login link for a session: a cookie and a secret',
  body: codeBody,
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
  summary: 'Sign out; the WebSockets of the session are closed',
  status: 204,
});

export const sessionOperations = [signIn, whoAmI, signOut];

/** The only route of the API that answers without a session. */
export function signInRoute(access: Access, audit: Audit): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();
  routes.post(routeOf(signIn), async (context) => {
    const { code } = await readBody(context, codeBody, '{"code": "…"}');
    const { cookie, secret, role, expiresAt } = await access.exchangeCode(code);
    await audit(undefined, 'session.create', { role });
    setCookie(context, cookieName, cookie, {
      path: '/',
      httpOnly: true,
      // The page's own scheme, also where a proxy ends TLS; the origin check has made sure that it is ours.
      secure: context.req.header('origin')?.startsWith('https://') ?? false,
      sameSite: 'Strict',
      maxAge: Math.floor(sessionLifeMs / 1000),
    });
    return context.json({ secret, role, expiresAt: expiresAt.toISOString() }, 201);
  });
  return routes;
}

export function sessionRoutes(options: {
  access: Access;
  audit: Audit;
  ended: (identity: Identity) => void;
}): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();
  routes.get(routeOf(whoAmI), (context) => {
    const identity = context.get('identity');
    const kind = 'cookieHash' in identity ? 'session' : 'token';
    return context.json({ kind, role: identity.role, expiresAt: identity.expiresAt?.toISOString() ?? null });
  });
  routes.delete(routeOf(signOut), async (context) => {
    const identity = context.get('identity');
    if (!('cookieHash' in identity)) {
      throw new RequestError(
        'invalid-request',
        'A bearer token has no session to end. Revoke it with: foretop token revoke',
      );
    }
    await options.access.signOut(identity);
    await options.audit(identity, 'session.end', {});
    options.ended(identity);
    deleteCookie(context, cookieName, { path: '/' });
    return context.body(null, 204);
  });
  return routes;
}

/** A JSON body. Its content type is one that a form of another site cannot send. Throws RequestError. */
async function readBody<Body>(context: ServeContext, schema: z.ZodType<Body>, example: string): Promise<Body> {
  const type = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new RequestError('invalid-request', 'A body of type application/json is required.');
  const body: unknown = await context.req.json().catch(() => undefined);
  const result = schema.safeParse(body);
  if (!result.success) throw new RequestError('invalid-request', `A body such as ${example} is required.`);
  return result.data;
}
