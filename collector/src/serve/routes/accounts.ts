// /api/v1/accounts: people who may sign in, made and changed by administrators.
import type { Account, List } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import {
  type AccountRow,
  deleteAccount,
  getAccount,
  listAccounts,
  updateAccount,
} from '../../store/queries/accounts.ts';
import type { Audit } from '../audit.ts';
import { accountName, boundLabels, nameKey } from '../auth/account-name.ts';
import { accountError, type People } from '../auth/people.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/people-schemas.ts';
import { RequestError } from '../problem.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';
import { password } from './session.ts';

const role = z.enum(['viewer', 'operator', 'admin'], { error: 'viewer, operator or admin is required' });
const newBody = z.strictObject({ name: accountName, password, role, hostLabels: boundLabels.default(null) });
const changeBody = z
  .strictObject({
    role: role.optional(),
    hostLabels: boundLabels.optional(),
    disabled: z.boolean().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'something to change is required');
const passwordBody = z.strictObject({ password });

const common = { tag: 'People', role: 'admin', person: true } as const;

const listAll = operation({
  ...common,
  method: 'get',
  path: '/accounts',
  status: 200,
  summary: 'Accounts by name',
  query: {
    q: z.string().max(64).optional().describe('A part of the name.'),
    limit: parameters.limit,
    cursor: parameters.cursor,
  },
  response: schemas.accountList,
});
const create = operation({
  ...common,
  method: 'post',
  path: '/accounts',
  audit: 'account.create',
  status: 201,
  summary: 'Make an account; hostLabels null is all hosts',
  query: {},
  body: newBody,
  response: schemas.account,
});
const change = operation({
  ...common,
  method: 'patch',
  path: '/accounts/{id}',
  audit: 'account.change',
  status: 200,
  summary: "Change an account's role, its hosts, or whether it is disabled; its sessions end",
  query: {},
  body: changeBody,
  response: schemas.account,
});
const remove = operation({
  ...common,
  method: 'delete',
  path: '/accounts/{id}',
  audit: 'account.delete',
  status: 204,
  summary: 'Delete an account; its sessions end',
  query: {},
});
const reset = operation({
  ...common,
  method: 'put',
  path: '/accounts/{id}/password',
  audit: 'account.password',
  status: 204,
  summary: 'Give an account a new password; its sessions end',
  query: {},
  body: passwordBody,
});

export const accountOperations = [listAll, create, change, remove, reset];

export interface AccountOptions {
  store: Store;
  people: People;
  audit: Audit;
  accessChanged: () => Promise<void>;
  now: () => number;
}

export function accountRoutes({ store, people, audit, accessChanged, now }: AccountOptions): Hono<ServeEnv> {
  const { db } = store;
  const routes = new Hono<ServeEnv>();
  /** Throws RequestError not-found. */
  const find = async (id: number): Promise<AccountRow> => {
    const row = await getAccount(db, id, new Date(now()));
    if (row === undefined) throw accountError('no-such-account');
    return row;
  };

  routes.get(routeOf(listAll), async (context) => {
    const { q, limit, cursor } = parameters.parseQuery(listAll.query, queryOf(context));
    const of = fingerprint(['accounts', q]);
    const afterKey = cursor === undefined ? undefined : decodeCursor(cursor, of, z.string().max(128));
    const contains = q === undefined ? undefined : nameKey(q);
    const rows = await listAccounts(db, { contains, afterKey, limit: limit + 1, now: new Date(now()) });
    const shown = rows.slice(0, limit);
    return context.json({
      items: shown.map(accountOf),
      nextCursor: rows.length > limit ? encodeCursor(of, shown.at(-1)!.name_key) : null,
      asOf: new Date(now()).toISOString(),
    } satisfies List<Account>);
  });

  routes.post(routeOf(create), async (context) => {
    const body = await readBody(
      context,
      newBody,
      '{"name": "…", "password": "…", "role": "viewer", "hostLabels": null}',
    );
    requireUnboundAdmin(body.role, body.hostLabels);
    const id = await people.create(body);
    const { name, role: given, hostLabels } = body;
    await audit(context.get('identity'), 'account.create', {
      accountId: id,
      name,
      role: given,
      hosts: shownHosts(hostLabels),
    });
    return context.json(accountOf(await find(id)), 201);
  });

  routes.patch(routeOf(change), async (context) => {
    const before = await find(idOf(context));
    const body = await readBody(context, changeBody, '{"role": "viewer", "hostLabels": ["prod"], "disabled": false}');
    const wanted = { role: body.role ?? before.role, hostLabels: body.hostLabels ?? null };
    // An administrator sees every host: who becomes one is no longer bound.
    const hostLabels = body.hostLabels === undefined && wanted.role === 'admin' ? null : body.hostLabels;
    requireUnboundAdmin(wanted.role, wanted.hostLabels);
    const outcome = await updateAccount(db, before.account_id, { ...body, hostLabels }, new Date(now()));
    if ('fault' in outcome) throw accountError(outcome.fault);
    const after = await find(before.account_id);
    await audit(context.get('identity'), 'account.change', {
      accountId: after.account_id,
      name: after.name,
      role: after.role,
      hosts: shownHosts(after.host_labels),
      disabled: after.disabled_at !== null,
    });
    await accessChanged();
    return context.json(accountOf(after));
  });

  routes.delete(routeOf(remove), async (context) => {
    const { account_id: id, name } = await find(idOf(context));
    const outcome = await deleteAccount(db, id);
    if ('fault' in outcome) throw accountError(outcome.fault);
    await audit(context.get('identity'), 'account.delete', { accountId: id, name });
    await accessChanged();
    return context.body(null, 204);
  });

  routes.put(routeOf(reset), async (context) => {
    const { account_id: id, name } = await find(idOf(context));
    const body = await readBody(context, passwordBody, '{"password": "…"}');
    await people.resetPassword({ id, name }, body.password);
    await audit(context.get('identity'), 'account.password', { accountId: id, name });
    await accessChanged();
    return context.body(null, 204);
  });

  return routes;
}

/** The {id} of an account or a token. Throws RequestError not-found. */
export function idOf(context: ServeContext): number {
  const text = context.req.param('id') ?? '';
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new RequestError('not-found', `There is no ${JSON.stringify(text.slice(0, 64))}.`);
}

export function requireUnboundAdmin(wanted: string, labels: readonly string[] | null): void {
  if (wanted !== 'admin' || labels === null) return;
  throw new RequestError(
    'invalid-request',
    'An administrator sets the labels of hosts, and so cannot be bound to some.',
  );
}

export const shownHosts = (labels: readonly string[] | null) => labels?.join(' ') ?? 'all';

function accountOf(row: AccountRow): Account {
  return {
    id: row.account_id,
    name: row.name,
    role: row.role,
    hostLabels: row.host_labels,
    disabled: row.disabled_at !== null,
    createdAt: row.created_at.toISOString(),
    passwordSetAt: row.password_set_at.toISOString(),
    signedInAt: row.signed_in_at?.toISOString() ?? null,
    sessions: row.sessions,
  };
}
