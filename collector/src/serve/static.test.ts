// The dashboard's files: types, compression, caching, the page for every route, and a policy that fits the page.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inlineHashes, pageHeaders } from './security-headers.ts';
import { loadStaticSite, type StaticSite } from './static.ts';

const page = '<!doctype html><script>boot()</script><script src="/x.js"></script><style>a{}</style>';
let folder: string;
let site: StaticSite;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foretop-static-'));
  await mkdir(join(folder, '_app/immutable'), { recursive: true });
  const files = {
    'app.html': page,
    'app.html.br': 'BR',
    'app.html.gz': 'GZ',
    '_app/immutable/a.1.js': 'js',
    'favicon.svg': '<svg/>',
    'lone.gz': 'kept',
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  await writeFile(join(folder, '..', 'foretop-outside.txt'), 'secret');
  site = await loadStaticSite(folder);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(join(folder, '..', 'foretop-outside.txt'));
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  site.respond(new Request(`http://localhost:8420${path}`, { method, headers }));

test('every route of the application is its one page', async () => {
  for (const path of ['/', '/hosts/3', '/connections', '/app.html']) {
    const response = get(path)!;
    expect(await response.text()).toBe(page);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
  }
});

test.each([
  '/_app/immutable/b.js',
  '/_app/version',
  '/x.js',
  '/%ff',
  '/..%2fforetop-outside.txt',
  '/../foretop-outside.txt',
])('%s is missing', (path) => {
  expect(get(path)).toBeUndefined();
});

test('only reading is answered', () => {
  expect(get('/', {}, 'POST')).toBeUndefined();
});

test.each([
  ['br, gzip', 'br', 'BR'],
  ['gzip', 'gzip', 'GZ'],
  ['br;q=0, gzip;q=0.5', 'gzip', 'GZ'],
  ['deflate', null, page],
  ['', null, page],
])('accept-encoding %j gets %s', async (accepted, encoding, body) => {
  const response = get('/', { 'accept-encoding': accepted })!;
  expect(response.headers.get('content-encoding')).toBe(encoding);
  expect(response.headers.get('vary')).toBe('accept-encoding');
  expect(await response.text()).toBe(body);
});

test('hashed files are kept for good, others are asked about', async () => {
  const hashed = get('/_app/immutable/a.1.js')!;
  expect(hashed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(hashed.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  const etag = get('/favicon.svg')!.headers.get('etag')!;
  const again = get('/favicon.svg', { 'if-none-match': `"other", ${etag}` })!;
  expect([again.status, await again.text()]).toEqual([304, '']);
  expect(get('/', { 'if-none-match': get('/')!.headers.get('etag')!, 'accept-encoding': 'br' })!.status).toBe(200);
  expect(await get('/favicon.svg', {}, 'HEAD')!.text()).toBe('');
});

test('the page may run its own scripts and the inline ones that it was built with, and stand in no frame', () => {
  const policy = get('/')!.headers.get('content-security-policy')!;
  const scripts = /script-src ([^;]*)/.exec(policy)![1]!;
  expect(scripts).toMatch(/^'self' 'sha256-[A-Za-z0-9+/]{43}='$/);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe-eval');
  expect(scripts).not.toContain('unsafe-inline');
});

test('inline hashes are of the text as it stands', () => {
  // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
  expect(inlineHashes('<script type="module">alert(1)</script><script src=a></script>', 'script')).toEqual([
    "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='",
  ]);
  expect(pageHeaders('')['content-security-policy']).toContain("script-src 'self';");
});

test('a dashboard that is not built is an empty site', async () => {
  const empty = await loadStaticSite(join(folder, 'nothing'));
  expect(empty.built).toBe(false);
  expect(empty.respond(new Request('http://localhost:8420/'))).toBeUndefined();
});
