// Signing in and out: one-use codes, both halves of a session, bearer roles, what Host and Origin may say, bounded guessing.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertHost, publicUrl, type TestServer, testServer } from '../../../test/server.ts';
import { insertLoginCode, revokeToken } from '../../store/queries/access.ts';
import { createAccess } from './access.ts';
import { createCallers } from './caller.ts';
import { createLoginCode, loginLink } from './login-link.ts';
import { hashSecret } from './secrets.ts';
import { createApiToken } from './tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

interface SignedIn {
  cookie: string;
  secret: string;
}

const post = (code: unknown, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ code }),
  });

async function signIn(): Promise<SignedIn> {
  const response = await post(await createLoginCode(server.store.db));
  expect(response.status).toBe(201);
  const cookie = response.headers.get('set-cookie')!.split(';')[0]!;
  return { cookie, secret: ((await response.json()) as { secret: string }).secret };
}

const session = (headers: Record<string, string>) =>
  server.get<{ role: string; kind: string }>('/api/v1/session', headers);
const both = ({ cookie, secret }: SignedIn) => ({ cookie, 'x-foretop-session': secret });

/** With headers that fetch() does not let one set. */
function rawStatus(headers: Record<string, string>, path = '/healthz'): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request({ host: '127.0.0.1', port: server.port, path, headers }, (response) => {
    response.resume();
    resolve(response.statusCode!);
  })
    .on('error', reject)
    .end();
  return promise;
}

/** What a page of this origin is given when it signs in. */
async function cookieBy(origin: string): Promise<string> {
  const body = JSON.stringify({ code: await createLoginCode(server.store.db) });
  const headers = { host: new URL(origin).host, origin, 'content-type': 'application/json' };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { host: '127.0.0.1', port: server.port, path: '/api/v1/session', method: 'POST', headers };
  request(options, (response) => {
    response.resume();
    resolve(response.headers['set-cookie']?.[0] ?? '');
  })
    .on('error', reject)
    .end(body);
  return promise;
}

describe('login codes', () => {
  test('a code is good once', async () => {
    const code = await createLoginCode(server.store.db);
    expect((await post(code)).status).toBe(201);
    const again = await post(code);
    expect(again.status).toBe(401);
    expect(await again.json()).toMatchObject({ type: 'urn:foretop:problem:login-refused' });
  });

  test('two at once: one of them gets in', async () => {
    const code = await createLoginCode(server.store.db);
    const statuses = await Promise.all(
      [post(code), post(code), post(code)].map(async (answer) => (await answer).status),
    );
    expect(statuses.sort()).toEqual([201, 401, 401]);
  });

  test('an expired code is refused', async () => {
    await insertLoginCode(server.store.db, hashSecret('expired-code'), new Date(Date.now() - 1));
    expect((await post('expired-code')).status).toBe(401);
  });

  test.each([undefined, 7, '', 'x'.repeat(200), 'a b', { $ne: '' }])('%j is not a code', async (code) => {
    expect([400, 401]).toContain((await post(code)).status);
  });

  test('a form of another site cannot post one', async () => {
    const code = await createLoginCode(server.store.db);
    expect((await post(code, { 'content-type': 'text/plain' })).status).toBe(400);
    expect((await post(code, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await post(code, { origin: server.url })).status).toBe(201);
  });

  test('the link names localhost and the port, and keeps the code in the fragment', () => {
    expect(loginLink(8420, 'abc')).toBe('http://localhost:8420/#login=abc');
    expect(loginLink(80, 'abc')).toBe('http://localhost/#login=abc');
    expect(loginLink(8420, 'abc', publicUrl)).toBe('https://foretop.example/#login=abc');
  });
});

describe('sessions', () => {
  test('both halves are needed', async () => {
    const mine = await signIn();
    const other = await signIn();
    expect(await session(both(mine))).toMatchObject({ status: 200, body: { role: 'admin', kind: 'session' } });
    expect((await session({ cookie: mine.cookie })).status).toBe(401);
    expect((await session({ 'x-foretop-session': mine.secret })).status).toBe(401);
    expect((await session({ cookie: mine.cookie, 'x-foretop-session': other.secret })).status).toBe(401);
    expect((await session({ cookie: `foretop_session=${mine.secret}`, 'x-foretop-session': mine.secret })).status).toBe(
      401,
    );
  });

  test('the cookie is out of reach of scripts and other sites', async () => {
    const header = (await post(await createLoginCode(server.store.db))).headers.get('set-cookie')!;
    expect(header).toMatch(/^foretop_session=[\w-]{32}; /);
    expect(header).toContain('HttpOnly');
    expect(header).toContain('SameSite=Strict');
    expect(header).toContain('Path=/');
  });

  test('neither half stands in the database', async () => {
    const { cookie, secret } = await signIn();
    const rows = await server.store.db.selectFrom('session').select(['cookie_hash', 'secret_hash']).execute();
    const stored = rows.map((row) => row.cookie_hash.toString('latin1') + row.secret_hash.toString('latin1')).join();
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(cookie.split('=')[1]);
    expect(rows.some((row) => row.secret_hash.equals(hashSecret(secret)))).toBe(true);
  });

  test('signing out ends this session alone', async () => {
    const [mine, other] = [await signIn(), await signIn()];
    const response = await fetch(`${server.url}/api/v1/session`, { method: 'DELETE', headers: both(mine) });
    expect(response.status).toBe(204);
    expect((await session(both(mine))).status).toBe(401);
    expect((await session(both(other))).status).toBe(200);
  });

  test('an expired session is refused', async () => {
    const mine = await signIn();
    await server.store.db
      .updateTable('session')
      .set({ expires_at: new Date(Date.now() - 1) })
      .where('secret_hash', '=', hashSecret(mine.secret))
      .execute();
    expect((await session(both(mine))).status).toBe(401);
  });
});

describe('bearer tokens', () => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test.each(['viewer', 'operator'] as const)('%s reads, and does nothing that admins do', async (role) => {
    const headers = bearer(await server.token(role));
    expect(await session(headers)).toMatchObject({ status: 200, body: { role, kind: 'token' } });
    expect((await server.get('/api/v1/hosts', headers)).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/api/v1/enrol-tokens'],
      ['DELETE', '/api/v1/hosts/1/key'],
    ] as const) {
      const response = await fetch(server.url + path, { method, headers });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ type: 'urn:foretop:problem:role-too-low' });
    }
  });

  test('an admin makes enrolment tokens and revokes hosts', async () => {
    const headers = bearer(await server.token('admin'));
    const made = await fetch(`${server.url}/api/v1/enrol-tokens`, { method: 'POST', headers });
    expect(made.status).toBe(201);
    expect(await made.json()).toMatchObject({ token: expect.stringMatching(/^fte1_/) as string });
    const host = await insertHost(server.store);
    expect((await fetch(`${server.url}/api/v1/hosts/${host}/key`, { method: 'DELETE', headers })).status).toBe(204);
    expect((await server.get(`/api/v1/hosts/${host}`, headers)).body).toMatchObject({ status: 'revoked' });
    expect((await fetch(`${server.url}/api/v1/hosts/99999/key`, { method: 'DELETE', headers })).status).toBe(404);
  });

  test('revoked, expired and unknown ones are refused', async () => {
    const wanted = { name: '', role: 'viewer', scopes: ['read'], hostLabels: null, createdBy: 'test' } as const;
    const { token, tokenId } = await createApiToken(server.store.db, { ...wanted, expiresAt: null });
    expect((await session(bearer(token))).status).toBe(200);
    expect(await revokeToken(server.store.db, tokenId, new Date())).toBe(true);
    expect(await revokeToken(server.store.db, tokenId, new Date())).toBe(false);
    expect((await session(bearer(token))).status).toBe(401);
    const expired = await createApiToken(server.store.db, { ...wanted, expiresAt: new Date(Date.now() - 1) });
    expect((await session(bearer(expired.token))).status).toBe(401);
    for (const text of ['ftt_', 'ftt_unknown', 'x'.repeat(5000), "ftt_' or true --"])
      expect((await session(bearer(text))).status).toBe(401);
    expect((await session({})).headers.get('www-authenticate')).toBe('Bearer realm="Foretop"');
  });
});

describe('Host and Origin', () => {
  test.each([
    ['localhost', 200],
    ['127.0.0.1', 200],
    ['[::1]', 200],
    ['evil.example', 421],
    ['localhost.', 421],
    ['LOCALHOST', 421],
  ])('Host %s:port is answered with %i', async (name, status) => {
    expect(await rawStatus({ host: `${name}:${server.port}` })).toBe(status);
  });

  test('another port or none is another server', async () => {
    expect(await rawStatus({ host: 'localhost' })).toBe(421);
    expect(await rawStatus({ host: `localhost:${server.port + 1}` })).toBe(421);
  });

  test('only a page of the very same origin may ask', async () => {
    const host = `localhost:${server.port}`;
    expect(await rawStatus({ host, origin: `http://${host}` })).toBe(200);
    const others = [`http://127.0.0.1:${server.port}`, `https://${host}`, 'null', 'http://localhost:3000', ''];
    const statuses = await Promise.all(others.map((origin) => rawStatus({ host, origin })));
    expect(statuses).toEqual(others.map(() => 403));
  });

  test('the public address is one more origin, and its cookie stays on TLS', async () => {
    const host = new URL(publicUrl).host;
    expect(await rawStatus({ host, origin: publicUrl })).toBe(200);
    expect(await rawStatus({ host })).toBe(200);
    for (const origin of [`http://${host}`, server.url]) expect(await rawStatus({ host, origin })).toBe(403);
    expect(await rawStatus({ host: `localhost:${server.port}`, origin: publicUrl })).toBe(403);
    const cookies = await Promise.all([cookieBy(publicUrl), cookieBy(server.url)]);
    expect(cookies.map((cookie) => cookie.includes('; Secure'))).toEqual([true, false]);
  });

  test("a proxy on this machine does not open /metrics to its clients; a token does, and this machine's own programs need none", async () => {
    const host = `localhost:${server.port}`;
    expect(await rawStatus({ host }, '/metrics')).toBe(200);
    const passedOn: Record<string, string>[] = [
      ...['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'].map((name) => ({
        host,
        [name]: '127.0.0.1',
      })),
      { host: new URL(publicUrl).host },
    ];
    for (const headers of passedOn) {
      expect({ headers, status: await rawStatus(headers, '/metrics') }).toEqual({ headers, status: 401 });
      const authorization = `Bearer ${await server.token()}`;
      expect(await rawStatus({ ...headers, authorization }, '/metrics')).toBe(200);
    }
  });

  test('the refusal carries the security headers too', async () => {
    const { headers } = await server.get('/api/v1/hosts', { origin: 'http://evil.example' });
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    });
  });
});

test('wrong codes slow down where they come from, and time lifts it', async () => {
  let now = Date.now();
  const access = createAccess({ db: server.store.db, callers: createCallers([]), now: () => now });
  const caller = { network: '192.0.2.0/24', userAgent: '' };
  for (let i = 0; i < 20; i++)
    await expect(access.exchangeCode(`wrong-${i}`, caller)).rejects.toMatchObject({ code: 'login-refused' });
  const good = await createLoginCode(server.store.db, now);
  await expect(access.exchangeCode(good, caller)).rejects.toMatchObject({
    code: 'too-many-attempts',
    headers: { 'retry-after': '1' },
  });
  const elsewhere = await createLoginCode(server.store.db, now);
  await expect(access.exchangeCode(elsewhere, { ...caller, network: 'this machine' })).resolves.toMatchObject({
    role: 'admin',
  });
  now += 1_000;
  await expect(access.exchangeCode(good, caller)).resolves.toMatchObject({ role: 'admin' });
});

test('bodies are bounded', async () => {
  const response = await post('x'.repeat(100_000));
  expect(response.status).toBe(413);
});
