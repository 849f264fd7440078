// /api/v1/tokens: API tokens for programs, made and revoked by administrators.
import type { ApiToken, List, NewApiToken } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import { listTokens, revokeToken, type TokenRow } from '../../store/queries/access.ts';
import type { Audit } from '../audit.ts';
import { scopesOf } from '../auth/access.ts';
import { boundLabels } from '../auth/account-name.ts';
import { createApiToken } from '../auth/tokens.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/people-schemas.ts';
import { RequestError } from '../problem.ts';
import * as parameters from '../query/parameters.ts';
import { idOf, requireUnboundAdmin, shownHosts } from './accounts.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeEnv } from './context.ts';

const dayMs = 86_400_000;
const mostDays = 3650;

const newBody = z.strictObject({
  name: z
    .string()
    .trim()
    .regex(
      /^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u,
      'a name of 1 to 100 printable characters is required: what the token is for',
    ),
  role: z.enum(['viewer', 'operator', 'admin'], { error: 'viewer, operator or admin is required' }),
  scopes: z
    .array(
      z.enum(['read', 'export', 'command:request', 'admin'], {
        error: 'read, export, command:request or admin is required',
      }),
    )
    .min(1, 'at least one scope is required')
    .transform((scopes) => [...new Set(scopes)]),
  hostLabels: boundLabels.default(null),
  days: z.int().min(1).max(mostDays, `1 to ${mostDays} days are possible, or null until it is revoked`).nullable(),
});

const common = { tag: 'People', role: 'admin', person: true, query: {} } as const;

const listAll = operation({
  ...common,
  method: 'get',
  path: '/tokens',
  status: 200,
  summary: 'API tokens without their texts, those that ended too',
  response: schemas.tokenList,
});
const create = operation({
  ...common,
  method: 'post',
  path: '/tokens',
  audit: 'token.create',
  status: 201,
  summary: 'Make an API token; its text is shown only in this answer',
  body: newBody,
  response: schemas.newToken,
});
const revoke = operation({
  ...common,
  method: 'delete',
  path: '/tokens/{id}',
  audit: 'token.revoke',
  status: 204,
  summary: 'End a token; its WebSockets are closed',
});

export const tokenOperations = [listAll, create, revoke];

export function tokenRoutes(options: {
  store: Store;
  audit: Audit;
  accessChanged: () => Promise<void>;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, audit, accessChanged, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(listAll), async (context) => {
    parameters.parseQuery({}, queryOf(context));
    const rows = await listTokens(store.db);
    const asOf = new Date(now()).toISOString();
    return context.json({ items: rows.map(tokenOf).reverse(), nextCursor: null, asOf } satisfies List<ApiToken>);
  });

  routes.post(routeOf(create), async (context) => {
    const identity = context.get('identity');
    const body = await readBody(context, newBody, '{"name": "…", "role": "viewer", "scopes": ["read"], "days": 90}');
    const { name, role, scopes, hostLabels, days } = body;
    requireUnboundAdmin(role, hostLabels);
    const beyond = scopes.filter((scope) => !scopesOf(role).includes(scope));
    if (beyond.length > 0)
      throw new RequestError(
        'invalid-request',
        `A token with the role ${role} cannot have the scope ${beyond.join(', ')}.`,
      );
    const expiresAt = days === null ? null : new Date(now() + days * dayMs);
    const wanted = { name, role, scopes, hostLabels, createdBy: identity.name, expiresAt };
    const { tokenId, token } = await createApiToken(store.db, wanted);
    const until = expiresAt?.toISOString() ?? null;
    await audit(identity, 'token.create', {
      ...{ tokenId, name, role },
      scopes: scopes.join(' '),
      hosts: shownHosts(hostLabels),
      expiresAt: until,
    });
    return context.json({ id: tokenId, token, expiresAt: until } satisfies NewApiToken, 201);
  });

  routes.delete(routeOf(revoke), async (context) => {
    const id = idOf(context);
    if (!(await revokeToken(store.db, id, new Date(now()))))
      throw new RequestError('not-found', `There is no token ${id} that could be revoked.`);
    await audit(context.get('identity'), 'token.revoke', { tokenId: id });
    await accessChanged();
    return context.body(null, 204);
  });

  return routes;
}

function tokenOf(row: TokenRow): ApiToken {
  return {
    id: row.token_id,
    name: row.name,
    role: row.role,
    scopes: row.scopes,
    hostLabels: row.host_labels,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
