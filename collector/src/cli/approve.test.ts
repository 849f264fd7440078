// `foretop approve` against a collector in an attacker's hands: what is shown and signed is the host's own text, or nothing is signed.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandDigest, readStatement } from '@foretop/proto/trust';
import { expect, onTestFinished, test } from 'vitest';
import { offeredProcess, signHead, signOffer, testSigner } from '../../test/commandable.ts';
import { testIdentity, type TestIdentity } from '../../test/test-agent.ts';
import { approve } from './approve.ts';
import { clientOf } from './client.ts';

const requestId = 'ab'.repeat(16);
const terminate = { terminate: { pid: 4711 } };

/** Says whatever it likes about an offer. `posted`: signatures that it got. */
async function hostileCollector(shown: Record<string, unknown>) {
  const posted: { requestId: string; signature: { statement: string } }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const isSignature = request.url!.endsWith('/signature');
    if (isSignature) posted.push(JSON.parse(Buffer.concat(parts).toString()) as (typeof posted)[0]);
    const result = { requestId, outcome: 'gone', code: '', detail: '', progress: [], receipt: null };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(isSignature ? result : shown));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posted };
}

/** A person who types one line, whatever is asked. @returns what they were shown, and what the collector got. */
async function sit(shown: Record<string, unknown>, typed: string, known: Record<string, unknown> = {}) {
  const { url, posted } = await hostileCollector(shown);
  const folder = mkdtempSync(join(tmpdir(), 'foretop-approve-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const knownHosts = join(folder, 'known-hosts.json');
  const heads = join(folder, 'audit-heads.jsonl');
  writeFileSync(knownHosts, JSON.stringify(known));
  const lines: string[] = [];
  const terminal = {
    ...{ print: (text: string) => void lines.push(text), note: (text: string) => void lines.push(text) },
    ask(question: string) {
      lines.push(question);
      return Promise.resolve(typed);
    },
    ...{ askHidden: () => Promise.reject(new Error('nobody asks for a secret')), close: () => undefined },
  };
  const key = await testSigner();
  const error = await approve(requestId, {
    client: clientOf(url, {}),
    key,
    knownHosts,
    heads,
    terminal,
    json: false,
  }).then(
    () => undefined,
    (reason: Error) => reason.message,
  );
  return { error, posted, shown: lines.join('\n'), key, remembered: readFileSync(knownHosts, 'utf8') };
}

async function offerOf(host: TestIdentity, more: Record<string, unknown> = {}) {
  const offer = await signOffer(host, terminate);
  return { requestId, hostId: 1, hostName: 'web-1', hostThumbprint: host.thumbprint, offer, ...more };
}

test('an offer of another host than the collector names is not signed', async () => {
  const [meant, other] = [testIdentity(), testIdentity()];
  const sat = await sit(await offerOf(other, { hostThumbprint: meant.thumbprint }), 'web-1 4711');
  expect(sat).toMatchObject({ error: expect.stringContaining('of another host'), posted: [], remembered: '{}' });
});

test.each<[string, (host: TestIdentity) => string | Promise<string>]>([
  ['nothing', () => ''],
  ['noise', () => 'a.b.c'],
  ['another kind of statement of the host', (host) => signHead(host, 1)],
  [
    'an offer with a claim more',
    async (host) => signOffer(host, terminate, { extra: 1 } as never).catch(() => 'e30.e30.e30'),
  ],
])('%s in the place of an offer is not signed', async (_what, statement) => {
  const host = testIdentity();
  const sat = await sit(await offerOf(host, { offer: await statement(host) }), 'web-1 4711');
  expect(sat).toMatchObject({ error: expect.stringContaining('no offer'), posted: [] });
});

test('what the collector tells beside the offer is neither shown nor asked for', async () => {
  const host = testIdentity();
  const lie = { action: { kind: 'terminate', process: { ...offeredProcess(9), name: 'idle-game' }, tree: [] } };
  const asked = await offerOf(host, { claims: lie, summary: 'End idle-game (PID 9)' });
  const sat = await sit(asked, 'web-1 9');
  expect(sat).toMatchObject({ error: 'Not confirmed. Nothing was signed.', posted: [] });
  expect(sat.shown).toContain('PID 4711 nginx');
  expect(sat.shown).not.toContain('idle-game');
});

test('a signature is for the text that was shown and for its host, and for nothing else', async () => {
  const host = testIdentity();
  const asked = await offerOf(host);
  const { posted, key } = await sit(asked, 'web-1 4711');
  const claims = await readStatement('command', posted[0]!.signature.statement, key.jwk);
  const digest = Buffer.from(await commandDigest(asked.offer, 'terminate', host.thumbprint)).toString('base64url');
  expect([posted.length, claims]).toEqual([1, { iss: key.thumbprint, aud: host.thumbprint, digest }]);
});

test('the key of one host under the name of another is told before anything is typed', async () => {
  const host = testIdentity();
  const known = { [host.thumbprint]: { name: 'database-1', since: '2026-01-01T00:00:00Z' } };
  const { shown, posted } = await sit(await offerOf(host), 'no', known);
  expect(posted).toEqual([]);
  expect(shown.indexOf('WARNING: this is the key of the host that was called database-1')).toBeGreaterThan(-1);
  expect(shown.indexOf('WARNING')).toBeLessThan(shown.indexOf('To sign, type'));
});
