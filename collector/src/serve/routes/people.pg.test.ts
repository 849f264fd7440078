// Accounts, one's own account, tokens and setup over real HTTP: what they do, what they refuse, and what they end.
import { once } from 'node:events';
import { closeReasons } from '@foretop/proto';
import type { Account, ApiToken, List, NewApiToken, OpenSession, SessionInfo } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  goodPassword,
  makeAccount,
  send,
  sessionOf,
  type SignedIn,
  signIn,
  signInByLink,
} from '../../../test/people.ts';
import { type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
let admin: SignedIn;
beforeAll(async () => {
  server = await testServer();
  await makeAccount(server, 'root', 'admin');
  admin = await signIn(server, 'root');
});
afterAll(() => server[Symbol.asyncDispose]());

const ask = (method: string, path: string, body?: unknown, by: SignedIn = admin) =>
  send(server, method, path, body, by);
const json = async <Body>(response: Promise<Response>, status = 200): Promise<Body> => {
  const answer = await response;
  const text = await answer.text();
  expect({ status: answer.status, text }).toMatchObject({ status });
  return (text === '' ? undefined : JSON.parse(text)) as Body;
};
const problem = (code: string) => ({ type: `urn:foretop:problem:${code}` });
const stands = async (session: SignedIn) => (await ask('GET', '/session', undefined, session)).status === 200;
const otherPassword = 'quite another set of words';

async function openSocket(session: SignedIn): Promise<WebSocket> {
  const protocols = ['foretop.live.v1', `secret.${session['x-foretop-session']}`];
  const socket = new WebSocket(`ws://localhost:${server.port}/live`, protocols, {
    headers: { cookie: session.cookie },
  });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}
const closeCode = async (socket: WebSocket) => ((await once(socket, 'close')) as [number])[0];
const ended = closeReasons['session-ended'].code;

describe('accounts', () => {
  test('are made, found by a part of their name, paged', async () => {
    for (const name of ['page-a', 'Page-B', 'page-c']) {
      const made = await json<Account>(
        ask('POST', '/accounts', { name, password: goodPassword, role: 'viewer', hostLabels: ['web', 'prod'] }),
        201,
      );
      expect(made).toMatchObject({ name, role: 'viewer', hostLabels: ['prod', 'web'], disabled: false, sessions: 0 });
    }
    const first = await json<List<Account>>(ask('GET', '/accounts?q=PAGE&limit=2'));
    expect(first.items.map(({ name }) => name)).toEqual(['page-a', 'Page-B']);
    const second = await json<List<Account>>(ask('GET', `/accounts?q=PAGE&limit=2&cursor=${first.nextCursor}`));
    expect(second).toMatchObject({ items: [{ name: 'page-c' }], nextCursor: null });
    expect(JSON.stringify(first)).not.toContain('argon2');
  });

  test.each([
    [{ name: 'x', password: 'short', role: 'viewer' }, 400, 'invalid-request'],
    [{ name: 'x', password: goodPassword, role: 'owner' }, 400, 'invalid-request'],
    [{ name: 'a\u202eb', password: goodPassword, role: 'viewer' }, 400, 'invalid-request'],
    [{ name: 'x', password: goodPassword, role: 'viewer', hostLabels: [] }, 400, 'invalid-request'],
    [{ name: 'x', password: goodPassword, role: 'viewer', hostLabels: ['*'] }, 400, 'invalid-request'],
    [{ name: 'x', password: goodPassword, role: 'admin', hostLabels: ['prod'] }, 400, 'invalid-request'],
    [{ name: 'ROOT', password: goodPassword, role: 'viewer' }, 409, 'conflict'],
  ])('%j is refused with %i', async (body, status, code) => {
    expect(await json(ask('POST', '/accounts', body), status)).toMatchObject(problem(code));
  });

  test.each([
    ['another role', 'PATCH', '', { role: 'operator' }],
    ['other labels', 'PATCH', '', { hostLabels: ['prod'] }],
    ['disabling', 'PATCH', '', { disabled: true }],
    ['a new password', 'PUT', '/password', { password: otherPassword }],
    ['deleting', 'DELETE', '', undefined],
  ])('%s ends every session of the account and closes its sockets', async (what, method, path, body) => {
    const name = `ended by ${what}`;
    const id = await makeAccount(server, name);
    const [one, other] = [await signIn(server, name), await signIn(server, name)];
    const sockets = await Promise.all([openSocket(one), openSocket(other)]);
    const codes = Promise.all(sockets.map(closeCode));
    const answer = await ask(method, `/accounts/${id}${path}`, body);
    expect(answer.status).toBeLessThan(300);
    expect(await codes).toEqual([ended, ended]);
    expect(await Promise.all([stands(one), stands(other)])).toEqual([false, false]);
    expect(await stands(admin)).toBe(true);
  });

  test('a disabled one cannot sign in, an enabled one can', async () => {
    const id = await makeAccount(server, 'on and off');
    await json(ask('PATCH', `/accounts/${id}`, { disabled: true }));
    expect((await ask('POST', '/session', { name: 'on and off', password: goodPassword })).status).toBe(401);
    expect(await json(ask('PATCH', `/accounts/${id}`, { disabled: false }))).toMatchObject({ disabled: false });
    expect(await stands(await signIn(server, 'on and off'))).toBe(true);
  });

  test('who becomes an administrator is no longer bound to labels', async () => {
    const id = await makeAccount(server, 'rising', 'operator', ['prod']);
    expect(await json(ask('PATCH', `/accounts/${id}`, { role: 'admin' }))).toMatchObject({
      role: 'admin',
      hostLabels: null,
    });
    await json(ask('PATCH', `/accounts/${id}`, { hostLabels: ['prod'], role: 'operator' }));
  });

  test('the last administrator is neither deleted nor disabled nor demoted, not even by two at once', async () => {
    await using alone = await testServer();
    const ids = [await makeAccount(alone, 'one', 'admin'), await makeAccount(alone, 'two', 'admin')];
    const by = await signInByLink(alone);
    const answers = await Promise.all(
      ids.map((id) => send(alone, 'PATCH', `/accounts/${id}`, { disabled: true }, by).then(({ status }) => status)),
    );
    expect(answers.sort()).toEqual([200, 409]);
    const left = await alone.store.db
      .selectFrom('account')
      .select('account_id')
      .where('disabled_at', 'is', null)
      .execute();
    const id = left[0]!.account_id;
    for (const [method, body] of [
      ['PATCH', { role: 'viewer' }],
      ['DELETE', undefined],
    ] as const) {
      const answer = await send(alone, method, `/accounts/${id}`, body, by);
      expect([answer.status, await answer.json()]).toMatchObject([409, problem('conflict')]);
    }
  });

  test.each(['/accounts/99999', '/accounts/0', '/accounts/x', '/accounts/1e9'])('%s is not there', async (path) => {
    expect(await json(ask('PATCH', path, { disabled: true }), 404)).toMatchObject(problem('not-found'));
  });
});

describe("one's own account", () => {
  test('a new password ends every session, and this one goes on as another', async () => {
    await makeAccount(server, 'own', 'viewer');
    const [here, elsewhere] = [await signIn(server, 'own'), await signIn(server, 'own')];
    const socket = await openSocket(here);
    const code = closeCode(socket);
    const body = { current: goodPassword, password: otherPassword };
    const renewed = await sessionOf(await ask('PUT', '/account/password', body, here));
    expect(await code).toBe(ended);
    expect(await Promise.all([here, elsewhere, renewed].map(stands))).toEqual([false, false, true]);
    expect((await ask('POST', '/session', { name: 'own', password: goodPassword })).status).toBe(401);
    expect(await stands(await signIn(server, 'own', otherPassword))).toBe(true);
  });

  test('not without the present one, nor for a weak one, and guessing it is slowed down', async () => {
    await makeAccount(server, 'own2', 'viewer');
    const session = await signIn(server, 'own2');
    const change = (current: string, password: string) =>
      ask('PUT', '/account/password', { current, password }, session);
    expect(await json(change(goodPassword, 'short'), 400)).toMatchObject(problem('invalid-request'));
    for (let round = 0; round < 5; round++)
      expect(await json(change(`wrong words ${round}`, otherPassword), 403)).toMatchObject(problem('password-refused'));
    expect(await json(change(goodPassword, otherPassword), 429)).toMatchObject(problem('too-many-attempts'));
    expect(await stands(session)).toBe(true);
  });

  test('sessions are listed with where they are from, and end everywhere', async () => {
    await makeAccount(server, 'own3', 'viewer');
    const [here, elsewhere] = [await signIn(server, 'own3'), await signIn(server, 'own3')];
    const { items } = await json<List<OpenSession>>(ask('GET', '/account/sessions', undefined, here));
    expect(items).toMatchObject([{ current: false }, { current: true, network: 'this machine', userAgent: 'node' }]);
    expect(JSON.stringify(items)).not.toContain(here.cookie.split('=')[1]);
    const socket = await openSocket(elsewhere);
    const code = closeCode(socket);
    await json(ask('DELETE', '/account/sessions', undefined, here), 204);
    expect(await code).toBe(ended);
    expect(await Promise.all([here, elsewhere].map(stands))).toEqual([false, false]);
  });

  test('a session of a login link has none', async () => {
    const link = await signInByLink(server);
    for (const [method, path, body] of [
      ['GET', '/account/sessions', undefined],
      ['DELETE', '/account/sessions', undefined],
      ['PUT', '/account/password', { current: 'x', password: otherPassword }],
    ] as const)
      expect((await ask(method, path, body, link)).status).toBe(400);
  });
});

describe('tokens', () => {
  const bearer = ({ token }: NewApiToken) => ({ authorization: `Bearer ${token}` });
  const make = (body: object) =>
    json<NewApiToken>(
      ask('POST', '/tokens', { name: 'test', role: 'viewer', scopes: ['read'], days: 1, ...body }),
      201,
    );
  const status = async (token: NewApiToken, method: string, path: string, body?: unknown) =>
    (await send(server, method, path, body, bearer(token))).status;

  test('read reads, export exports, and neither does more', async () => {
    const [read, both] = [await make({}), await make({ scopes: ['read', 'export'] })];
    expect(await status(read, 'GET', '/hosts')).toBe(200);
    for (const path of ['/hosts?format=csv', '/connections?format=zeek', '/dns?format=jsonl']) {
      const refused = await send(server, 'GET', path, undefined, bearer(read));
      expect([refused.status, await refused.json()]).toMatchObject([403, problem('scope-missing')]);
      expect(await status(both, 'GET', path)).toBe(200);
    }
    const byHeader = await send(server, 'GET', '/hosts', undefined, { ...bearer(read), accept: 'text/csv' });
    expect(byHeader.status).toBe(403);
    const unread = await make({ scopes: ['export'] });
    expect(await status(unread, 'GET', '/hosts?format=csv')).toBe(403);
  });

  test('an administrator’s token manages hosts with the scope admin only, and people never', async () => {
    const [weak, strong] = [
      await make({ role: 'admin', scopes: ['read'] }),
      await make({ role: 'admin', scopes: ['read', 'export', 'command:request', 'admin'] }),
    ];
    expect(await status(weak, 'POST', '/enrol-tokens')).toBe(403);
    expect(await status(strong, 'POST', '/enrol-tokens')).toBe(201);
    for (const [method, path, body] of [
      ['GET', '/accounts', undefined],
      ['POST', '/accounts', { name: 'mole', password: goodPassword, role: 'admin', hostLabels: null }],
      ['GET', '/tokens', undefined],
      ['POST', '/tokens', { name: 'x', role: 'admin', scopes: ['admin'], days: null }],
      ['POST', '/setup', { name: 'mole', password: goodPassword }],
      ['PUT', '/account/password', { current: 'x', password: goodPassword }],
    ] as const) {
      const answer = await send(server, method, path, body, bearer(strong));
      expect([method, path, answer.status, await answer.json()]).toMatchObject([
        method,
        path,
        403,
        problem('person-needed'),
      ]);
    }
    const session = await send(server, 'GET', '/session', undefined, bearer(strong));
    expect((await session.json()) as SessionInfo).toMatchObject({ kind: 'token', canSign: false, accountId: null });
  });

  test('its text stands nowhere, it expires, and revoking it closes its sockets at once', async () => {
    const token = await make({ name: 'grafana' });
    const rows = await server.store.db.selectFrom('api_token').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token.token);
    const listed = await json<List<ApiToken>>(ask('GET', '/tokens'));
    expect(JSON.stringify(listed)).not.toContain(token.token);
    expect(listed.items.find(({ id }) => id === token.id)).toMatchObject({
      name: 'grafana',
      createdBy: 'root',
      scopes: ['read'],
    });
    const socket = new WebSocket(`ws://localhost:${server.port}/live`, ['foretop.live.v1'], { headers: bearer(token) });
    await once(socket, 'open');
    const code = closeCode(socket);
    await json(ask('DELETE', `/tokens/${token.id}`), 204);
    expect(await code).toBe(ended);
    expect(await status(token, 'GET', '/hosts')).toBe(401);
    expect((await ask('DELETE', `/tokens/${token.id}`)).status).toBe(404);
    const short = await make({});
    await server.store.db
      .updateTable('api_token')
      .set({ expires_at: new Date(0) })
      .where('token_id', '=', short.id)
      .execute();
    expect(await status(short, 'GET', '/hosts')).toBe(401);
  });

  test.each([
    [{ scopes: [] }],
    [{ scopes: ['sign'] }],
    [{ scopes: ['admin'] }],
    [{ scopes: ['command:request'] }],
    [{ days: 0 }],
    [{ days: 1e6 }],
    [{ name: '' }],
    [{ name: 'a\u202eb' }],
    [{ hostLabels: [] }],
    [{ role: 'admin', hostLabels: ['prod'] }],
  ])('%j is refused', async (body) => {
    const whole = { name: 'test', role: 'viewer', scopes: ['read'], days: 1, ...body };
    expect((await ask('POST', '/tokens', whole)).status).toBe(400);
  });
});

describe('setup', () => {
  test('makes the first administrator out of a login link, once', async () => {
    await using fresh = await testServer();
    const link = await signInByLink(fresh);
    const person = { name: 'first', password: goodPassword };
    const whoIs = async (session: SignedIn) =>
      (await (await send(fresh, 'GET', '/session', undefined, session)).json()) as SessionInfo;
    expect(await whoIs(link)).toMatchObject({ setupNeeded: true, name: 'login link', accountId: null });
    expect((await send(fresh, 'POST', '/setup', person)).status).toBe(401);
    expect((await send(fresh, 'POST', '/setup', { ...person, password: 'short' }, link)).status).toBe(400);
    const others = await Promise.all([signInByLink(fresh), signInByLink(fresh)]);
    const answers = await Promise.all([link, ...others].map((by) => send(fresh, 'POST', '/setup', person, by)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const session = await sessionOf(answers.find(({ status }) => status === 201)!);
    expect(await whoIs(session)).toMatchObject({ name: 'first', role: 'admin', setupNeeded: false });
    const later = await signInByLink(fresh);
    expect(await whoIs(later)).toMatchObject({ role: 'admin', setupNeeded: false });
    expect((await send(fresh, 'POST', '/setup', { ...person, name: 'second' }, later)).status).toBe(409);
    expect((await send(fresh, 'POST', '/setup', { ...person, name: 'second' }, session)).status).toBe(403);
  });
});

test('every change is in the audit, with who made it', async () => {
  const id = await makeAccount(server, 'audited');
  await json(ask('PATCH', `/accounts/${id}`, { role: 'operator' }));
  await json(ask('PUT', `/accounts/${id}/password`, { password: otherPassword }), 204);
  await json(ask('DELETE', `/accounts/${id}`), 204);
  const rows = await server.store.db
    .selectFrom('audit')
    .select(['actor', 'action', 'detail', 'outcome'])
    .where('action', 'like', 'account.%')
    .orderBy('audit_id', 'desc')
    .limit(3)
    .execute();
  expect(rows.map(({ action }) => action)).toEqual(['account.delete', 'account.password', 'account.change']);
  for (const row of rows) expect(row).toMatchObject({ outcome: 'done', detail: { accountId: id, name: 'audited' } });
  expect(JSON.stringify(rows)).not.toContain(otherPassword);
});
