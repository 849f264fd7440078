// Whom and what commands over REST are refused to: roles, labels, tokens, targets that name nobody, too many, hosts that cannot be commanded.
import type { CommandList, CommandOffer, Problem } from '@foretop/proto/api';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerCommand, answerOffer, signCommand, testSigner, type TestSigner } from '../../../test/commandable.ts';
import { bearer, type TestFleet, testFleet, type TestHost } from '../../../test/commanded-fleet.ts';
import { until } from '../../../test/wire.ts';

let fleet: TestFleet;
let host: TestHost;
let alice: TestSigner;
/** A session; each of them is an operator of its own. */
let me: Record<string, string>;

beforeAll(async () => {
  fleet = await testFleet();
  host = await fleet.host();
  alice = await testSigner();
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  me = await fleet.signIn();
});

const processPath = () => `/processes/${host.processId}`;

/** An offer of the host for what is asked. */
async function offered(path = processPath(), headers = me): Promise<CommandOffer> {
  const [answer] = await Promise.all([fleet.ask<CommandOffer>('DELETE', path, headers), answerOffer(host.agent)]);
  expect(answer.status).toBe(202);
  return answer.body;
}

async function bodyFor(offer: CommandOffer) {
  return { requestId: offer.requestId, signature: { statement: await signCommand(alice, offer) } };
}

describe('who may not', () => {
  const id = '0'.repeat(32);
  const mutating = (): [method: string, path: string, body?: unknown][] => [
    ['DELETE', processPath()],
    ['DELETE', processPath(), { requestId: id, signature: { statement: 'a.b.c' } }],
    ['DELETE', `/connections/${host.connectionId}`],
    [
      'POST',
      '/commands',
      { hostId: host.hostId, action: { kind: 'terminate', processId: host.processId, tree: false } },
    ],
    ['POST', `/commands/${id}/offer`],
    ['POST', `/commands/${id}/signature`, { signature: { statement: 'a.b.c' } }],
    ['DELETE', `/commands/${id}`],
  ];

  test('a viewer is refused at each mutating route, and the host hears nothing', async () => {
    const viewer = bearer(await fleet.server.token('viewer'));
    for (const [method, path, body] of mutating()) {
      expect([path, (await fleet.ask(method, path, viewer, body)).status]).toEqual([path, 403]);
    }
    for (const [method, path, body] of mutating()) expect((await fleet.ask(method, path, {}, body)).status).toBe(401);
    expect(host.agent.waiting).not.toContain('offerRequest');
  });

  test('an operator outside the label finds no such host, one inside does', async () => {
    await fleet.server.store.db
      .updateTable('host')
      .set({ labels: ['prod'] })
      .where('host_id', '=', host.hostId)
      .execute();
    const outside = bearer(await fleet.server.token('operator', ['test']));
    for (const [method, path, body] of mutating()) {
      // No token signs, wherever the host is.
      const status = path.endsWith('/signature') ? 403 : 404;
      expect([path, (await fleet.ask(method, path, outside, body)).status]).toEqual([path, status]);
    }
    expect(host.agent.waiting).not.toContain('offerRequest');
    const offer = await offered();
    expect((await fleet.ask('GET', `/commands/${offer.requestId}`, outside)).status).toBe(404);
    expect((await fleet.ask<CommandList>('GET', '/commands', outside)).body.items).toEqual([]);
    const inside = bearer(await fleet.server.token('operator', ['prod']));
    await offered(processPath(), inside);
    expect((await fleet.ask<CommandList>('GET', '/commands?limit=1', inside)).body.items).toHaveLength(1);
  });

  test('a token can ask, but not sign, whatever its role', async () => {
    for (const role of ['operator', 'admin'] as const) {
      const token = bearer(await fleet.server.token(role));
      const body = await bodyFor(await offered(processPath(), token));
      for (const [method, path] of [
        ['DELETE', processPath()],
        ['POST', `/commands/${body.requestId}/signature`],
      ] as const) {
        const refused = await fleet.ask<Problem>(method, path, token, body);
        expect([refused.status, refused.body.type]).toEqual([403, 'urn:foretop:problem:person-needed']);
      }
    }
    expect(host.agent.waiting).not.toContain('command');
  });

  test('a token without the scope cannot even ask', async () => {
    const { db } = fleet.server.store;
    const token = bearer(await fleet.server.token('operator'));
    await db
      .updateTable('api_token')
      .set({ scopes: ['read'] })
      .where('role', '=', 'operator')
      .execute();
    for (const [method, path, body] of mutating())
      expect((await fleet.ask(method, path, token, body)).status).toBe(403);
    expect(host.agent.waiting).not.toContain('offerRequest');
  });
});

describe('an empty or wide target', () => {
  const action = (more: object) => ({ kind: 'terminate', processId: host.processId, tree: false, ...more });
  test.each<[string, () => unknown]>([
    ['no host', () => ({ action: action({}) })],
    ['host 0', () => ({ hostId: 0, action: action({}) })],
    ['all hosts', () => ({ hostId: '*', action: action({}) })],
    ['a list of hosts', () => ({ hostId: [host.hostId], action: action({}) })],
    ['an empty list', () => ({ hostId: [], action: action({}) })],
    ['no action', () => ({ hostId: host.hostId })],
    ['no process', () => ({ hostId: host.hostId, action: action({ processId: undefined }) })],
    ['an empty process', () => ({ hostId: host.hostId, action: action({ processId: '' }) })],
    ['a wildcard process', () => ({ hostId: host.hostId, action: action({ processId: `${host.hostId}-*` }) })],
    ['a PID alone', () => ({ hostId: host.hostId, action: { kind: 'terminate', pid: 4711, tree: false } })],
    [
      "another host's process",
      () => ({ hostId: host.hostId, action: action({ processId: `${host.hostId + 1}-${'0'.repeat(16)}` }) }),
    ],
    ['another kind', () => ({ hostId: host.hostId, action: action({ kind: 'execute' }) })],
    ['an empty body', () => ({})],
  ])('%s means nobody', async (_what, body) => {
    expect((await fleet.ask('POST', '/commands', me, body())).status).toBe(400);
    expect(host.agent.waiting).not.toContain('offerRequest');
  });

  test.each(['', '*', '0-0000000000000000', '1-*', '..', '%2e%2e', '1-0000000000000000,2-0000000000000000'])(
    'the path %j names nobody',
    async (id) => {
      for (const kind of ['processes', 'connections']) {
        expect((await fleet.ask('DELETE', `/${kind}/${id}`, me)).status).toBe(404);
      }
      expect(host.agent.waiting).not.toContain('offerRequest');
    },
  );
});

test('ten commands a minute an operator, whatever the hosts say; another operator goes on', async () => {
  for (let index = 0; index < 10; index++) {
    const offer = await offered();
    const [answer] = await Promise.all([
      fleet.ask('DELETE', processPath(), me, await bodyFor(offer)),
      answerCommand(host.agent, offer.offer),
    ]);
    expect(answer.status).toBe(200);
  }
  const offer = await offered();
  const body = await bodyFor(offer);
  const refused = await fleet.ask<Problem>('DELETE', processPath(), me, body);
  expect([refused.status, refused.body.type]).toEqual([429, 'urn:foretop:problem:too-many-commands']);
  expect(host.agent.waiting).not.toContain('command');
  me = await fleet.signIn();
  await offered();
});

test('a host whose agent is too old, is away, or was revoked is not commanded', async () => {
  const old = await fleet.host({ protocolVersion: 2 });
  const refused = await fleet.ask<Problem>('DELETE', `/processes/${old.processId}`, me);
  expect(refused).toMatchObject({ status: 409, body: { refusal: 'not-supported' } });
  expect(old.agent.waiting.filter((kind) => kind !== 'watch' && kind !== 'ack')).toEqual([]);
  const away = await fleet.host();
  const offer = (
    await Promise.all([fleet.ask<CommandOffer>('DELETE', `/processes/${away.processId}`, me), answerOffer(away.agent)])
  )[0];
  const connected = fleet.server.control.counters()['hosts']!;
  away.agent[Symbol.dispose]();
  await until(() => fleet.server.control.counters()['hosts'] === connected - 1);
  const gone = await fleet.ask<Problem>('DELETE', `/processes/${away.processId}`, me, await bodyFor(offer.body));
  expect(gone.body.type).toBe('urn:foretop:problem:host-not-live');
  await fleet.ask('DELETE', `/hosts/${away.hostId}/key`, me);
  const revoked = await fleet.ask<Problem>('DELETE', `/connections/${away.connectionId}`, me);
  expect(revoked.body.type).toBe('urn:foretop:problem:host-not-live');
});
