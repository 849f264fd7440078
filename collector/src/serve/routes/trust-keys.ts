// /api/v1/trust/keys: the keys that people register to sign commands with, and what administrators grant to them.
import type { List, SigningKey } from '@foretop/proto/api';
import {
  importPasskey,
  operatorThumbprint,
  publicJwk,
  type RosterOperator,
  StatementError,
} from '@foretop/proto/trust';
import { Hono } from 'hono';
import type { z } from 'zod';
import type { Store } from '../../store/database.ts';
import * as keys from '../../store/queries/signing-keys.ts';
import type { Settled } from '../../trust/settle-roster.ts';
import type { Trust } from '../../trust/trust.ts';
import type { Identity } from '../auth/access.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { RequestError } from '../problem.ts';
import { hostId as numberOf, invalidQuery, parseQuery } from '../query/parameters.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';
import type { TrustRouteOptions } from './trust.ts';
import { answer, asRequest, unsigned } from './trust-answers.ts';

const about = { tag: 'Trust', query: {} } as const;
const offline =
  'While the owner key is elsewhere the wish is kept, and the answer is 409 with `unsignedRoster` to sign.';

const listKeys = operation({
  ...about,
  method: 'get',
  path: '/trust/keys',
  role: 'viewer',
  status: 200,
  summary: "Registered signing keys: everybody's for administrators, else one's own",
  response: schemas.signingKeyList,
});
const registerKey = operation({
  ...about,
  method: 'post',
  path: '/trust/keys',
  role: 'operator',
  person: true,
  audit: 'signing-key.register',
  status: 201,
  summary: "Register a key of one's own; it signs nothing until it is granted",
  body: schemas.newSigningKey,
  response: schemas.signingKey,
});
const removeKey = operation({
  ...about,
  method: 'delete',
  path: '/trust/keys/{id}',
  role: 'viewer',
  person: true,
  audit: 'signing-key.remove',
  status: 204,
  summary: "Forget a key: one's own, or as an administrator anybody's",
  description: offline,
});
const grantKey = operation({
  ...about,
  method: 'post',
  path: '/trust/keys/{id}/grant',
  role: 'admin',
  person: true,
  audit: 'signing-key.grant',
  status: 200,
  summary: 'Let a key sign for these hosts, in place of what it was granted before',
  description: offline,
  body: schemas.keyGrant,
  response: schemas.signedRoster,
});
const withdraw = operation({
  ...about,
  method: 'delete',
  path: '/trust/keys/{id}/grant',
  role: 'admin',
  person: true,
  audit: 'signing-key.withdraw',
  status: 200,
  summary: 'Take back what a key was granted',
  description: offline,
  response: schemas.signedRoster,
});
export const trustKeyOperations = [listKeys, registerKey, removeKey, grantKey, withdraw];

/** More than one for each machine and authenticator of a person. */
const mostKeysPerAccount = 20;

export function trustKeyRoutes({ store, trust, audit, now }: TrustRouteOptions): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();
  const asOf = () => new Date(now()).toISOString();

  routes.get(routeOf(listKeys), async (context) => {
    parseQuery({}, queryOf(context));
    const { role, accountId } = context.get('identity');
    // A token with a lesser role has no keys of its own.
    const of = role === 'admin' ? undefined : (accountId ?? 0);
    const rows = await keys.listSigningKeys(store.db, of);
    const inForce = await thumbprintsInForce(trust);
    const items = rows.map((row) => shown(row, inForce));
    return context.json({ items, nextCursor: null, asOf: asOf() } satisfies List<SigningKey>);
  });

  routes.post(routeOf(registerKey), async (context) => {
    const identity = context.get('identity');
    const { accountId } = identity;
    if (accountId === null)
      throw new RequestError(
        'invalid-request',
        'A key belongs to an account, and a login link has none. Make one first.',
      );
    const body = await readBody(context, schemas.newSigningKey, '{"signer": "browser", "name": "…", "jwk": {…}}');
    const cnf = await confirmed(body);
    const { signer, name } = body;
    const thumbprint = await operatorThumbprint(cnf);
    if ((await keys.listSigningKeys(store.db, accountId)).length >= mostKeysPerAccount)
      throw new RequestError('conflict', `An account has at most ${mostKeysPerAccount} keys. Forget one first.`);
    const keyId = await keys.insertSigningKey(store.db, { accountId, signer, name, thumbprint, cnf });
    if (keyId === undefined) throw new RequestError('conflict', 'This key is registered already.');
    await audit(identity, 'signing-key.register', { keyId, signer, thumbprint });
    return context.json(shown((await keys.getSigningKey(store.db, keyId))!, new Set()), 201);
  });

  routes.delete(routeOf(removeKey), async (context) => {
    const identity = context.get('identity');
    parseQuery({}, queryOf(context));
    const key = await keyOf(context, store, identity);
    const inForce = await thumbprintsInForce(trust);
    const settled = await trust.change((db) => keys.deleteSigningKey(db, key.key_id));
    await audit(identity, 'signing-key.remove', nameOf(key));
    const stays = settled.kind === 'owner-offline' && inForce.has(key.thumbprint);
    return stays ? unsigned(settled) : context.body(null, 204);
  });

  routes.post(routeOf(grantKey), async (context) => {
    const identity = context.get('identity');
    const grant = await readBody(context, schemas.keyGrant, '{"capabilities": ["terminate"], "hosts": {"ids": […]}}');
    const key = await keyOf(context, store, identity);
    const { capabilities, hosts } = grant;
    if (!key.may_act)
      throw new RequestError(
        'conflict',
        `The account ${key.account} is a viewer or is disabled; it cannot be granted anything.`,
      );
    const unknown = await keys.unknownHosts(store.db, hosts.ids);
    if (unknown.length > 0)
      throw invalidQuery(
        unknown.map((id) => ({ parameter: 'hosts.ids', detail: `no enrolled host has the key ${id}` })),
      );
    const by = { name: identity.name, at: new Date(now()) };
    const detail = {
      ...nameOf(key),
      capabilities: capabilities.join(' '),
      hosts: hosts.all ? 'all' : hosts.ids.length,
      labels: hosts.labels.join(' '),
    };
    const settled = await asRequest(
      trust.change((db) => keys.grantSigningKey(db, key.key_id, grant, by), { whole: true }),
    );
    await audit(identity, 'signing-key.grant', { ...detail, serial: serialOf(settled) });
    return answer(settled, context);
  });

  routes.delete(routeOf(withdraw), async (context) => {
    const identity = context.get('identity');
    parseQuery({}, queryOf(context));
    const key = await keyOf(context, store, identity);
    const settled = await asRequest(trust.change((db) => keys.withdrawGrant(db, key.key_id)));
    await audit(identity, 'signing-key.withdraw', { ...nameOf(key), serial: serialOf(settled) });
    return answer(settled, context);
  });

  return routes;
}

/** The key as a roster would name it. Throws RequestError for one that no host could use. */
async function confirmed(body: z.output<typeof schemas.newSigningKey>): Promise<RosterOperator['cnf']> {
  try {
    if (body.signer !== 'passkey') return { jwk: publicJwk(body.jwk, 'jwk') };
    const { credentialId, spki, algorithm } = body;
    await importPasskey({ credentialId, spki, algorithm });
    return { passkey: { credentialId, spki, algorithm } };
  } catch (cause) {
    if (!(cause instanceof StatementError)) throw cause;
    throw new RequestError('invalid-request', `This is no key that can sign: ${cause.message}.`, { cause });
  }
}

/** Somebody else's key is as if there were none, but for administrators. Throws RequestError not-found. */
async function keyOf(context: ServeContext, store: Store, identity: Identity): Promise<keys.SigningKeyRow> {
  const text = context.req.param('id') ?? '';
  const id = numberOf.safeParse(text);
  const key = id.success ? await keys.getSigningKey(store.db, id.data) : undefined;
  if (key !== undefined && (identity.role === 'admin' || key.account_id === identity.accountId)) return key;
  throw new RequestError('not-found', `There is no key ${JSON.stringify(text.slice(0, 20))}.`);
}

const nameOf = ({ key_id: keyId, account, signer, thumbprint }: keys.SigningKeyRow) => ({
  keyId,
  account,
  signer,
  thumbprint,
});

async function thumbprintsInForce(trust: Trust): Promise<ReadonlySet<string>> {
  const { roster } = await trust.state();
  return new Set(roster?.operators.map(({ thumbprint }) => thumbprint));
}

function shown(row: keys.SigningKeyRow, inForce: ReadonlySet<string>): SigningKey {
  const { capabilities, host_thumbprints: ids, file_labels: labels, all_hosts: all } = row;
  return {
    id: row.key_id,
    accountId: row.account_id,
    account: row.account,
    signer: row.signer,
    name: row.name,
    thumbprint: row.thumbprint,
    credentialId: 'passkey' in row.cnf ? row.cnf.passkey.credentialId : null,
    createdAt: row.created_at.toISOString(),
    grantedAt: row.granted_at?.toISOString() ?? null,
    grant: row.granted_at === null ? null : { capabilities, hosts: { ids, labels, all } },
    inForce: inForce.has(row.thumbprint),
  };
}

const serialOf = (settled: Settled) => (settled.kind === 'owner-offline' ? null : settled.roster.serial);
