// The release that hosts fetch: the script with the right address in it, the files of a release, and nothing else.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemResponse, RequestError } from '../problem.ts';
import { releasedVersion, releaseRoutes } from './release.ts';

const folder = mkdtempSync(join(tmpdir(), 'foretop-release-'));
const program = Buffer.from(Array.from({ length: 200_000 }, (_byte, index) => index % 251));
beforeAll(() => {
  writeFileSync(join(folder, 'install.sh'), "collector='@COLLECTOR@'\n");
  writeFileSync(join(folder, 'foretop-agent-linux-x64.gz'), program);
  writeFileSync(join(folder, 'SHA256SUMS'), 'sums\n');
  writeFileSync(join(folder, 'VERSION'), '');
  writeFileSync(join(folder, 'private.pem'), 'secret');
  mkdirSync(join(folder, 'SHA256SUMS.sig'));
  writeFileSync(join(folder, '..', 'foretop-outside'), 'secret');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(join(folder, '..', 'foretop-outside'));
});

function ask(path: string, options: { host?: string; publicUrl?: string; folder?: string; method?: string } = {}) {
  const routes = releaseRoutes({ folder: options.folder ?? folder, publicUrl: options.publicUrl });
  routes.onError((error) => {
    if (error instanceof RequestError) return problemResponse(error);
    throw error;
  });
  return routes.request(path, { method: options.method ?? 'GET', headers: { host: options.host ?? 'localhost:8420' } });
}

test.each([
  ['localhost:8420', undefined, 'http://localhost:8420'],
  ['[::1]:8420', undefined, 'http://[::1]:8420'],
  ['foretop.example.net', 'https://foretop.example.net', 'https://foretop.example.net'],
  ['foretop.example.net:8443', 'https://foretop.example.net:8443', 'https://foretop.example.net:8443'],
  ['localhost:8420', 'https://foretop.example.net', 'http://localhost:8420'],
])('the script asked of %s with the public address %s knows %s', async (host, publicUrl, expected) => {
  const response = await ask('/install.sh', { host, ...(publicUrl && { publicUrl }) });
  expect(await response.text()).toBe(`collector='${expected}'\n`);
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test('a file comes whole, with its length', async () => {
  const response = await ask('/download/foretop-agent-linux-x64.gz');
  expect(response.headers.get('content-length')).toBe(String(program.length));
  expect(response.headers.get('content-type')).toBe('application/octet-stream');
  expect(Buffer.from(await response.arrayBuffer()).equals(program)).toBe(true);
});

test('an empty file is empty', async () => {
  const response = await ask('/download/VERSION');
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('');
});

test('HEAD tells the length alone', async () => {
  const response = await ask('/download/foretop-agent-linux-x64.gz', { method: 'HEAD' });
  expect(response.headers.get('content-length')).toBe(String(program.length));
  expect((await response.arrayBuffer()).byteLength).toBe(0);
});

test.each([
  'private.pem',
  'install.sh',
  '..%2Fforetop-outside',
  '..',
  'foretop-agent-linux-x64.gz%00',
  'foretop-agent-linux-mips.gz',
])('%s is no file of a release', async (name) => {
  expect((await ask(`/download/${name}`)).status).toBe(404);
});

test('what is missing, or no file, is told with what to do', async () => {
  for (const name of ['foretop-agent-linux-arm64.gz', 'SHA256SUMS.sig']) {
    const response = await ask(`/download/${name}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('npm run release') });
  }
  const script = await ask('/install.sh', { folder: '/nonexistent' });
  expect(await script.json()).toMatchObject({ detail: expect.stringContaining('no release of the agent') });
});

test('the version is told when there is a whole release', async () => {
  const other = mkdtempSync(join(tmpdir(), 'foretop-release-'));
  try {
    writeFileSync(join(other, 'VERSION'), '1.2.3\n');
    expect(await releasedVersion(other)).toBeUndefined();
    writeFileSync(join(other, 'install.sh'), '');
    expect(await releasedVersion(other)).toBe('1.2.3');
    expect(await releasedVersion(folder)).toBeUndefined();
  } finally {
    rmSync(other, { recursive: true });
  }
});
