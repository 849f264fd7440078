// What a browser may be tricked into: requests, cookies, names, frames and sockets of other pages.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeAccount, type SignedIn, signIn } from '../../../test/people.ts';
import { publicUrl, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
let folder: string;
let admin: SignedIn;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foretop-attacks-'));
  await writeFile(join(folder, 'app.html'), '<!doctype html><title>Foretop</title><script>boot()</script>');
  server = await testServer({ webFolder: folder });
  await makeAccount(server, 'admin', 'admin');
  admin = await signIn(server, 'admin');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** With headers that fetch() does not let one set. */
async function raw(
  path: string,
  headers: Record<string, string>,
  method = 'GET',
  body?: string,
): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  const host = `localhost:${server.port}`;
  const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers: { host, ...headers } });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  return { status: answer.statusCode!, headers: answer.headers };
}
const enrol = (headers: Record<string, string>, body?: string) => raw('/api/v1/enrol-tokens', headers, 'POST', body);
const made = async () => (await server.store.db.selectFrom('enrol_token').select('token_hash').execute()).length;

describe('cross-site request forgery', () => {
  test('a page of another site, with the cookie that the browser adds, changes nothing', async () => {
    const before = await made();
    const { cookie } = admin;
    const forms = { 'content-type': 'application/x-www-form-urlencoded' };
    const attempts: Record<string, string>[] = [
      { cookie },
      { cookie, ...forms, origin: 'https://evil.example' },
      { cookie, ...forms, origin: 'null' },
      { cookie, 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' },
      { cookie, origin: `http://localhost:${server.port + 1}` },
    ];
    for (const headers of attempts) expect([401, 403]).toContain((await enrol(headers, 'a=b')).status);
    // Even a page that knows the secret does not get past its origin.
    expect((await enrol({ ...admin, origin: 'https://evil.example' })).status).toBe(403);
    expect(await made()).toBe(before);
  });

  test('no preflight is answered, so no page of another origin may send the secret', async () => {
    const { status, headers } = await raw(
      '/api/v1/enrol-tokens',
      {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-foretop-session',
      },
      'OPTIONS',
    );
    expect(status).toBe(403);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('nothing is changed by GET', async () => {
    const before = await made();
    for (const path of ['/api/v1/enrol-tokens', '/api/v1/session?code=x', '/api/v1/history?dryRun=false'])
      expect([400, 404, 405]).toContain(
        (await raw(path, { ...admin }, 'GET')).status === 200 ? 404 : (await raw(path, { ...admin })).status,
      );
    expect((await raw('/api/v1/hosts/1/key', { ...admin })).status).toBe(404);
    expect(await made()).toBe(before);
  });

  test('nobody is signed in by a page of another site', async () => {
    const body = JSON.stringify({ name: 'admin', password: 'x' });
    const json = { 'content-type': 'application/json' };
    expect((await raw('/api/v1/session', { ...json, origin: 'https://evil.example' }, 'POST', body)).status).toBe(403);
    expect((await raw('/api/v1/session', { 'content-type': 'text/plain' }, 'POST', body)).status).toBe(400);
  });
});

describe('cookies, which ignore ports', () => {
  test('another program on localhost is sent the cookie, and it opens nothing', async () => {
    // What a browser does: the cookie of localhost goes to every port of it.
    const stolen: string[] = [];
    const other = createServer((incoming, response) => {
      stolen.push(incoming.headers.cookie ?? '');
      response.end();
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await fetch(`http://localhost:${port}/`, { headers: { cookie: admin.cookie } });
    other.close();
    expect(stolen).toEqual([admin.cookie]);
    expect((await raw('/api/v1/hosts', { cookie: stolen[0]! })).status).toBe(401);
    expect((await raw('/api/v1/hosts', { cookie: stolen[0]!, 'x-foretop-session': 'guessed' })).status).toBe(401);
  });

  test('a cookie that another program set does not take the place of the session', async () => {
    const planted = `foretop_session=planted; ${admin.cookie}`;
    expect((await raw('/api/v1/hosts', { ...admin, cookie: planted })).status).toBe(401);
  });
});

describe('DNS rebinding', () => {
  test.each(['evil.example', 'evil.example:80', 'localhost.evil.example', '127.0.0.1.evil.example'])(
    'a name that points here, %j, is not answered',
    async (name) => {
      for (const path of ['/', '/api/v1/hosts', '/api/v1/docs', '/metrics', '/healthz', '/install.sh'])
        expect([path, (await raw(path, { ...admin, host: name })).status]).toEqual([path, 421]);
    },
  );
});

describe('clickjacking and injected content', () => {
  const pages = ['/', '/hosts/1', '/settings', '/api/v1/docs'];

  test.each(pages)('%s stands in no frame, and runs only its own scripts', async (path) => {
    const { headers } = await raw(path, {});
    const policy = Object.fromEntries(
      String(headers['content-security-policy'])
        .split('; ')
        .map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1).join(' ')]),
    );
    expect(headers['x-frame-options']).toBe('DENY');
    expect(policy).toMatchObject({
      'default-src': "'none'",
      'frame-ancestors': "'none'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'require-trusted-types-for': "'script'",
    });
    expect(policy['script-src']).toMatch(/^'self'( 'sha256-[\w+/=]+')*$/);
    expect(JSON.stringify(policy)).not.toMatch(/unsafe-eval|\*|https?:/);
    expect(`${policy['script-src']}${policy['style-src']}`).not.toContain('unsafe-inline');
  });

  test.each(['/api/v1/hosts', '/metrics', '/nothing.js', '/healthz', '/download/x'])('%s is no page', async (path) => {
    const { headers } = await raw(path, {});
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    });
  });

  test('a public address in https is never asked in clear again; localhost is not forced to it', async () => {
    const { host } = new URL(publicUrl);
    expect((await raw('/', { host })).headers['strict-transport-security']).toBe('max-age=31536000');
    expect((await raw('/', {})).headers['strict-transport-security']).toBeUndefined();
  });

  test('answers of the API are kept by nobody', async () => {
    for (const path of ['/api/v1/hosts', '/api/v1/session'])
      expect((await raw(path, { ...admin })).headers['cache-control']).toBe('no-store');
  });
});

describe('WebSockets of another origin', () => {
  const handshake = async (headers: Record<string, string>, path = '/live') => {
    const protocols = ['foretop.live.v1', `secret.${admin['x-foretop-session']}`];
    const socket = new WebSocket(`ws://localhost:${server.port}${path}`, protocols, { headers });
    socket.on('error', () => undefined);
    const opened = once(socket, 'open').then(() => 101);
    const refused = once(socket, 'unexpected-response').then(([, answer]) => (answer as IncomingMessage).statusCode!);
    const status = await Promise.race([opened, refused]);
    socket.terminate();
    return status;
  };

  test('are refused, with all that a session is made of', async () => {
    const { cookie } = admin;
    expect(await handshake({ cookie, origin: server.url })).toBe(101);
    for (const origin of [
      'https://evil.example',
      'null',
      `http://localhost:${server.port + 1}`,
      `https://localhost:${server.port}`,
    ])
      expect([origin, await handshake({ cookie, origin })]).toEqual([origin, 403]);
    expect(await handshake({ cookie, host: 'evil.example' })).toBe(421);
    expect(await handshake({ cookie, origin: 'https://evil.example' }, '/agent')).toBe(403);
  });
});

test.each([
  '/../../etc/passwd',
  '/..%2f..%2fetc%2fpasswd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/download/..%2f..%2fpackage.json',
  '/_app/..%5c..%5cx',
])('path traversal: %s', async (path) => {
  const { status } = await raw(path, {});
  expect([200, 404]).toContain(status);
  const answer = await fetch(`${server.url}${path}`);
  expect(await answer.text()).not.toMatch(/root:|"workspaces"/);
});
