// Where enrolment tokens come from, and what a fleet keeps between runs.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tokensFrom } from './enrol-tokens.ts';
import { identityOf, openFleetState } from './fleet-state.ts';

test('tokens of a file are used one after the other, then it says that they are used up', async () => {
  const tokens = tokensFrom('fte1_a\n\nfte1_b\n', 'http://localhost');
  expect([await tokens(), await tokens()]).toEqual(['fte1_a', 'fte1_b']);
  await expect(tokens()).rejects.toThrow('used up');
});

test.each([
  [201, '{"token":"fte1_x"}', undefined],
  [403, '{"title":"Forbidden"}', 'an administrator'],
  [503, '{"title":"Not ready"}', 'answered 503'],
  [201, '{}', 'without a token'],
])('an API token makes them: answer %i %s', async (status, body, fault) => {
  const requests: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(request.method, request.url, request.headers.authorization);
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const token = tokensFrom('ftt_admin\n', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)();
  if (fault) await expect(token).rejects.toThrow(fault);
  else expect(await token).toBe('fte1_x');
  expect(requests).toEqual(['POST', '/api/v1/enrol-tokens', 'Bearer ftt_admin']);
});

test('keys are kept for the next run, readable by their owner only; more hosts get new ones', () => {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const first = openFleetState(folder, 2);
  first.hosts[0]!.hostId = 7;
  first.save(5_000_000);
  const second = openFleetState(folder, 3);
  expect([first.run, second.run]).toEqual([1, 2]);
  expect([first.untilUs, second.untilUs]).toEqual([0, 5_000_000]);
  expect(second.hosts.slice(0, 2)).toEqual(first.hosts);
  expect(new Set(second.hosts.map((host) => identityOf(host).thumbprint)).size).toBe(3);
  expect(statSync(join(folder, 'fleet.json')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, 'fleet.json'), 'utf8')).toContain('"run":2');
});

test('a folder with something else in it is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'fleet.json'), '{"name":"x"}');
  expect(() => openFleetState(folder, 1)).toThrow('Name another folder');
});

test('the thumbprint is that of RFC 8037 appendix A.3', () => {
  const key = {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  };
  expect(identityOf({ key, machineId: '' }).thumbprint).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});
