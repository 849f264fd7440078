// What a command line keeps of a collector's audit, and when it says that the audit was written anew.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signStatement } from '@foretop/proto/trust';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type TestSigner, testSigner } from '../../test/commandable.ts';
import { clientOf } from './client.ts';
import { keepHead } from './kept-heads.ts';

let key: TestSigner;
let path: string;
beforeEach(async () => {
  key = await testSigner();
  const folder = mkdtempSync(join(tmpdir(), 'foretop-heads-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  path = join(folder, 'own', 'audit-heads.jsonl');
});

/** A collector whose chain ends there. */
async function collectorOf(sequence: number, hash: string, by = key): Promise<object> {
  const claims = { iss: by.thumbprint, sequence, hash: hash.repeat(32), iat: 1_800_000_000 };
  const head = await signStatement('auditHead', claims, by.privateKey, by.thumbprint);
  return { asOf: '', hosts: [], collector: { thumbprint: by.thumbprint, key: by.jwk, head } };
}

/** @returns what the person is told when that collector is asked for its head. */
async function keep(told: object): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(told));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const notes: string[] = [];
  const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {});
  const never = () => Promise.reject(new Error('nobody is asked'));
  const terminal = { print: never, note: (text: string) => void notes.push(text), ask: never, askHidden: never };
  await keepHead(client, path, { ...terminal, close: () => undefined });
  return notes.join('\n');
}

const kept = () =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { sequence: number });

test('heads are kept in a private file, each once, also of several collectors', async () => {
  const other = await testSigner();
  for (const told of [
    await collectorOf(5, 'aa'),
    await collectorOf(5, 'aa'),
    await collectorOf(2, 'bb', other),
    await collectorOf(7, 'cc'),
  ])
    expect(await keep(told)).toBe('');
  expect(kept().map(({ sequence }) => sequence)).toEqual([5, 2, 7]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test.each([
  ['a chain that has become shorter', 4, 'aa'],
  ['another entry at the same place', 5, 'bb'],
])('%s is told, and what was seen before is kept', async (_what, sequence, hash) => {
  await keep(await collectorOf(5, 'aa'));
  expect(await keep(await collectorOf(sequence, hash))).toMatch(/^WARNING: .* does not continue entry 5 .*--heads/);
  expect(kept()).toMatchObject([{ sequence: 5, hash: 'aa'.repeat(32) }]);
});

test('what is no head of that key is not kept, and said', async () => {
  const mine = await testSigner();
  const forged = (await collectorOf(5, 'aa', mine)) as { collector: object };
  for (const collector of [
    { ...forged.collector, key: key.jwk },
    { ...forged.collector, thumbprint: key.thumbprint },
    { thumbprint: key.thumbprint, key: key.jwk, head: 'a.b.c' },
  ])
    expect(await keep({ ...forged, collector })).toMatch(/was not kept/);
  expect(await keep({ asOf: '', hosts: [], collector: null })).toBe('');
  expect(() => kept()).toThrow('ENOENT');
});
