// Whom and what commands over REST are refused to: roles, labels, tokens, targets that name nobody, too many, hosts that cannot be commanded.
import type { CommandList, CommandOffer, Problem } from '@foretop/proto/api';
import { describe, expect, test } from 'vitest';
import { answerCommand, answerOffer } from '../../../test/commandable.ts';
import { commandSuite } from '../../../test/command-suite.ts';
import { bearer } from '../../../test/commanded-fleet.ts';
import { until } from '../../../test/wire.ts';

const suite = commandSuite();

describe('who may not', () => {
  const id = '0'.repeat(32);
  const mutating = (): [method: string, path: string, body?: unknown][] => [
    ['DELETE', suite.processPath()],
    ['DELETE', suite.processPath(), { requestId: id, signature: { statement: 'a.b.c' } }],
    ['DELETE', `/connections/${suite.host.connectionId}`],
    [
      'POST',
      '/commands',
      { hostId: suite.host.hostId, action: { kind: 'terminate', processId: suite.host.processId, tree: false } },
    ],
    ['POST', `/commands/${id}/offer`],
    ['POST', `/commands/${id}/signature`, { signature: { statement: 'a.b.c' } }],
    ['DELETE', `/commands/${id}`],
  ];

  test('a viewer is refused at each mutating route, and the host hears nothing', async () => {
    const viewer = bearer(await suite.fleet.server.token('viewer'));
    for (const [method, path, body] of mutating()) {
      expect([path, (await suite.fleet.ask(method, path, viewer, body)).status]).toEqual([path, 403]);
    }
    for (const [method, path, body] of mutating())
      expect((await suite.fleet.ask(method, path, {}, body)).status).toBe(401);
    expect(suite.host.agent.waiting).not.toContain('offerRequest');
  });

  test('an operator outside the label finds no such host, one inside does', async () => {
    await suite.fleet.server.store.db
      .updateTable('host')
      .set({ labels: ['prod'] })
      .where('host_id', '=', suite.host.hostId)
      .execute();
    const outside = bearer(await suite.fleet.server.token('operator', ['test']));
    for (const [method, path, body] of mutating()) {
      // No token signs, wherever the host is.
      const status = path.endsWith('/signature') ? 403 : 404;
      expect([path, (await suite.fleet.ask(method, path, outside, body)).status]).toEqual([path, status]);
    }
    expect(suite.host.agent.waiting).not.toContain('offerRequest');
    const offer = await suite.offered();
    expect((await suite.fleet.ask('GET', `/commands/${offer.requestId}`, outside)).status).toBe(404);
    expect((await suite.fleet.ask<CommandList>('GET', '/commands', outside)).body.items).toEqual([]);
    const inside = bearer(await suite.fleet.server.token('operator', ['prod']));
    await suite.offered(suite.processPath(), inside);
    expect((await suite.fleet.ask<CommandList>('GET', '/commands?limit=1', inside)).body.items).toHaveLength(1);
  });

  test('a token can ask, but not sign, whatever its role', async () => {
    for (const role of ['operator', 'admin'] as const) {
      const token = bearer(await suite.fleet.server.token(role));
      const body = await suite.bodyFor(await suite.offered(suite.processPath(), token));
      for (const [method, path] of [
        ['DELETE', suite.processPath()],
        ['POST', `/commands/${body.requestId}/signature`],
      ] as const) {
        const refused = await suite.fleet.ask<Problem>(method, path, token, body);
        expect([refused.status, refused.body.type]).toEqual([403, 'urn:foretop:problem:person-needed']);
      }
    }
    expect(suite.host.agent.waiting).not.toContain('command');
  });

  test('a token without the scope cannot even ask', async () => {
    const { db } = suite.fleet.server.store;
    const token = bearer(await suite.fleet.server.token('operator'));
    await db
      .updateTable('api_token')
      .set({ scopes: ['read'] })
      .where('role', '=', 'operator')
      .execute();
    for (const [method, path, body] of mutating())
      expect((await suite.fleet.ask(method, path, token, body)).status).toBe(403);
    expect(suite.host.agent.waiting).not.toContain('offerRequest');
  });
});

describe('an empty or wide target', () => {
  const action = (more: object) => ({ kind: 'terminate', processId: suite.host.processId, tree: false, ...more });
  test.each<[string, () => unknown]>([
    ['no host', () => ({ action: action({}) })],
    ['host 0', () => ({ hostId: 0, action: action({}) })],
    ['all hosts', () => ({ hostId: '*', action: action({}) })],
    ['a list of hosts', () => ({ hostId: [suite.host.hostId], action: action({}) })],
    ['an empty list', () => ({ hostId: [], action: action({}) })],
    ['no action', () => ({ hostId: suite.host.hostId })],
    ['no process', () => ({ hostId: suite.host.hostId, action: action({ processId: undefined }) })],
    ['an empty process', () => ({ hostId: suite.host.hostId, action: action({ processId: '' }) })],
    [
      'a wildcard process',
      () => ({ hostId: suite.host.hostId, action: action({ processId: `${suite.host.hostId}-*` }) }),
    ],
    ['a PID alone', () => ({ hostId: suite.host.hostId, action: { kind: 'terminate', pid: 4711, tree: false } })],
    [
      "another host's process",
      () => ({
        hostId: suite.host.hostId,
        action: action({ processId: `${suite.host.hostId + 1}-${'0'.repeat(16)}` }),
      }),
    ],
    ['another kind', () => ({ hostId: suite.host.hostId, action: action({ kind: 'execute' }) })],
    ['an empty body', () => ({})],
  ])('%s means nobody', async (_what, body) => {
    expect((await suite.fleet.ask('POST', '/commands', suite.me, body())).status).toBe(400);
    expect(suite.host.agent.waiting).not.toContain('offerRequest');
  });

  test.each(['', '*', '0-0000000000000000', '1-*', '..', '%2e%2e', '1-0000000000000000,2-0000000000000000'])(
    'the path %j names nobody',
    async (id) => {
      for (const kind of ['processes', 'connections']) {
        expect((await suite.fleet.ask('DELETE', `/${kind}/${id}`, suite.me)).status).toBe(404);
      }
      expect(suite.host.agent.waiting).not.toContain('offerRequest');
    },
  );
});

test('ten commands a minute an operator, whatever the hosts say; another operator goes on', async () => {
  for (let index = 0; index < 10; index++) {
    const offer = await suite.offered();
    const [answer] = await Promise.all([
      suite.fleet.ask('DELETE', suite.processPath(), suite.me, await suite.bodyFor(offer)),
      answerCommand(suite.host.agent, offer.offer),
    ]);
    expect(answer.status).toBe(200);
  }
  const offer = await suite.offered();
  const body = await suite.bodyFor(offer);
  const refused = await suite.fleet.ask<Problem>('DELETE', suite.processPath(), suite.me, body);
  expect([refused.status, refused.body.type]).toEqual([429, 'urn:foretop:problem:too-many-commands']);
  expect(suite.host.agent.waiting).not.toContain('command');
  await suite.offered(suite.processPath(), await suite.fleet.signIn());
});

test('a host whose agent is too old, is away, or was revoked is not commanded', async () => {
  const old = await suite.fleet.host({ protocolVersion: 2 });
  const refused = await suite.fleet.ask<Problem>('DELETE', `/processes/${old.processId}`, suite.me);
  expect(refused).toMatchObject({ status: 409, body: { refusal: 'not-supported' } });
  expect(old.agent.waiting.filter((kind) => kind !== 'watch' && kind !== 'ack')).toEqual([]);
  const away = await suite.fleet.host();
  const offer = (
    await Promise.all([
      suite.fleet.ask<CommandOffer>('DELETE', `/processes/${away.processId}`, suite.me),
      answerOffer(away.agent),
    ])
  )[0];
  const connected = suite.fleet.server.control.counters()['hosts']!;
  away.agent[Symbol.dispose]();
  await until(() => suite.fleet.server.control.counters()['hosts'] === connected - 1);
  const gone = await suite.fleet.ask<Problem>(
    'DELETE',
    `/processes/${away.processId}`,
    suite.me,
    await suite.bodyFor(offer.body),
  );
  expect(gone.body.type).toBe('urn:foretop:problem:host-not-live');
  await suite.fleet.ask('DELETE', `/hosts/${away.hostId}/key`, suite.me);
  const revoked = await suite.fleet.ask<Problem>('DELETE', `/connections/${away.connectionId}`, suite.me);
  expect(revoked.body.type).toBe('urn:foretop:problem:host-not-live');
});
