// Agents that offer, report and claim what they were not asked for, or sign with another's key: at the cost of their own connection at most.
import { encodeCollectorFrame } from '@foretop/proto';
import type { AuditEntry, Command, CommandOffer, List, Problem } from '@foretop/proto/api';
import { type OfferClaims, signStatement } from '@foretop/proto/trust';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  answerCommand,
  answerOffer,
  offeredProcess,
  signCommand,
  signOffer,
  signReceipt,
  testSigner,
  type TestSigner,
} from '../../test/commandable.ts';
import { type TestFleet, testFleet, type TestHost } from '../../test/commanded-fleet.ts';
import { testIdentity } from '../../test/test-agent.ts';
import { until } from '../../test/wire.ts';

let fleet: TestFleet;
let alice: TestSigner;
let me: Record<string, string>;
let host: TestHost;

beforeAll(async () => {
  fleet = await testFleet({ offerTimeoutMs: 700, receiptTimeoutMs: 700 });
  alice = await testSigner();
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  me = await fleet.signIn();
  host = await fleet.host();
});

const ask = <Body = Problem>(of = host, body?: unknown) =>
  fleet.ask<Body>('DELETE', `/processes/${of.processId}`, me, body);

async function offered(of = host): Promise<CommandOffer> {
  const [answer] = await Promise.all([ask<CommandOffer>(of), answerOffer(of.agent)]);
  expect(answer.status).toBe(202);
  return answer.body;
}

async function bodyFor(offer: CommandOffer) {
  return { requestId: offer.requestId, signature: { statement: await signCommand(alice, offer) } };
}

const commandOf = async ({ requestId }: { requestId: string }): Promise<Command> =>
  (await fleet.ask<Command>('GET', `/commands/${requestId}`, me)).body;

const strays = () => fleet.server.control.counters()['strays_total']!;

describe('an offer', () => {
  /** What the person gets when the host answers so. */
  const answeredWith = async (make: (request: Parameters<typeof signOffer>[1]) => Promise<string>) => {
    const asking = ask();
    const request = await host.agent.next('offerRequest');
    host.agent.send({ offer: { requestId: request.requestId!, offer: await make(request) } });
    return asking;
  };
  const other = testIdentity();

  test.each<[string, (request: Parameters<typeof signOffer>[1]) => Promise<string>]>([
    ['signed by a key that is nobody’s', (request) => signOffer(other, request)],
    [
      'signed by another key in the name of this host',
      async (request) => {
        const { identity } = host.agent;
        const [header, payload] = (await signOffer(identity, request)).split('.');
        const [, , signature] = (await signOffer(other, request)).split('.');
        return [header, payload, signature].join('.');
      },
    ],
    ['of another process', (request) => signOffer(host.agent.identity, { ...request, terminate: { pid: 1 } })],
    [
      'of more processes than were asked for',
      (request) => {
        const action: OfferClaims['action'] = {
          ...{ kind: 'terminate', process: offeredProcess(4711), tree: [offeredProcess(4712)] },
        };
        return signOffer(host.agent.identity, request, { action });
      },
    ],
    [
      'of another kind of action',
      (request) => {
        const ends = { localAddress: Uint8Array.of(10, 0, 0, 1), remoteAddress: Uint8Array.of(1, 1, 1, 1) };
        const closeConnection = { ...ends, protocol: 6, localPort: 1, remotePort: 2, cookie: 0 };
        return signOffer(host.agent.identity, { requestId: request.requestId!, closeConnection });
      },
    ],
    [
      'that is a receipt',
      (request) => signOffer(host.agent.identity, request).then((offer) => signReceipt(host.agent.identity, offer)),
    ],
    ['that is no statement', () => Promise.resolve('{"alg":"none"}')],
    ['that is empty', () => Promise.resolve('')],
    ['of 900 kB', () => Promise.resolve(`a.${'b'.repeat(900_000)}.c`)],
  ])('%s is not shown to anybody', async (_what, make) => {
    const { status, body } = await answeredWith(make);
    expect([status, body.type]).toEqual([502, 'urn:foretop:problem:host-misbehaved']);
    expect(JSON.stringify(body).length).toBeLessThan(1_000);
  });

  test('by an enrolled host for a question to another is not taken', async () => {
    const evil = await fleet.host();
    const before = strays();
    const asking = ask();
    const request = await host.agent.next('offerRequest');
    evil.agent.send({ offer: { requestId: request.requestId!, offer: await signOffer(evil.agent.identity, request) } });
    expect((await asking).status).toBe(504);
    expect(strays()).toBe(before + 1);
  });

  test('that does not come is not waited for, and one that comes late is void', async () => {
    const asking = ask();
    const request = await host.agent.next('offerRequest');
    expect(await asking).toMatchObject({ status: 504, body: { type: 'urn:foretop:problem:host-silent' } });
    host.agent.send({ offer: { requestId: request.requestId!, offer: await signOffer(host.agent.identity, request) } });
    await offered();
  });

  test('cannot live longer than a minute, nor be used after its time', async () => {
    const asking = ask<CommandOffer>();
    await answerOffer(host.agent, { lifeSeconds: 1 });
    const { body } = await asking;
    expect(Date.parse(body.expiresAt)).toBeLessThanOrEqual(Date.now() + 1_000);
    await until(() => Date.now() > Date.parse(body.expiresAt) + 5);
    expect(await ask(host, await bodyFor(body))).toMatchObject({ status: 409, body: { refusal: 'offer-unknown' } });
    expect(host.agent.waiting).not.toContain('command');
  });

  test('refusal with a made-up code and a long, hostile text is bounded and shown as it is', async () => {
    const asking = ask();
    const { requestId } = await host.agent.next('offerRequest');
    const detail = `\u202e<script>alert(1)</script>\u001b[2J${'x'.repeat(100_000)}`;
    host.agent.send({ offer: { requestId: requestId!, refusal: { code: '__proto__', detail } } });
    const { status, body } = await asking;
    expect([status, body.refusal]).toEqual([409, 'not-supported']);
    expect(body.detail!.length).toBeLessThanOrEqual(500);
    expect(body.detail).not.toMatch(/[\u202e\u001b]/);
  });
});

describe('a receipt', () => {
  const signedCommand = async () => {
    const offer = await offered();
    const signing = ask(host, await bodyFor(offer));
    const { requestId } = await host.agent.next('command');
    return { offer, signing, requestId: requestId! };
  };

  test('of another host does not end a command', async () => {
    const evil = await fleet.host();
    const { offer, signing, requestId } = await signedCommand();
    evil.agent.send({ progress: { requestId, text: 'done by evil' } });
    evil.agent.send({ receipt: { requestId, receipt: await signReceipt(evil.agent.identity, offer.offer) } });
    expect(await signing).toMatchObject({ status: 504, body: { type: 'urn:foretop:problem:outcome-unknown' } });
    expect(await commandOf(offer)).toMatchObject({ status: 'lost', receipt: null, progress: [] });
    // Neither does it when the command is given up.
    evil.agent.send({ receipt: { requestId, receipt: await signReceipt(evil.agent.identity, offer.offer) } });
    await fleet.host();
    expect((await commandOf(offer)).status).toBe('lost');
  });

  test.each<[string, (offer: string) => Promise<string>]>([
    ['of another offer', () => signReceipt(host.agent.identity, 'another offer')],
    ['signed by another key', (offer) => signReceipt(testIdentity(), offer)],
    ['that is the offer', (offer) => Promise.resolve(offer)],
    ['that is nothing', () => Promise.resolve('')],
  ])('%s leaves the outcome unknown', async (_what, make) => {
    const { offer, signing, requestId } = await signedCommand();
    host.agent.send({ receipt: { requestId, receipt: await make(offer.offer) } });
    expect((await signing).status).toBe(504);
    expect((await commandOf(offer)).status).toBe('lost');
    const path = `/audit?action=command.lost&q=${offer.requestId}`;
    const { items } = (await fleet.ask<List<AuditEntry>>('GET', path, me)).body;
    expect(items).toMatchObject([{ outcome: 'failed', hostId: host.hostId }]);
  });

  test('that comes after the wait, over another connection of the host, still ends its command, once', async () => {
    const { offer, signing, requestId } = await signedCommand();
    host.agent[Symbol.dispose]();
    expect((await signing).status).toBe(504);
    const again = fleet.connect(host.agent.identity);
    await again.join({ protocolVersion: 3 });
    const receipt = await signReceipt(host.agent.identity, offer.offer, { outcome: 'respawned', detail: 'as PID 5' });
    for (let times = 0; times < 3; times++) again.send({ receipt: { requestId, receipt } });
    await until(async () => (await commandOf(offer)).status === 'ended');
    expect(await commandOf(offer)).toMatchObject({ outcome: 'respawned', detail: 'as PID 5', receipt });
    const path = `/audit?action=command.receipt&q=${offer.requestId}`;
    expect((await fleet.ask<List<AuditEntry>>('GET', path, me)).body.items).toHaveLength(1);
  });

  test('may come over a newer connection while it is waited for', async () => {
    const { offer, signing, requestId } = await signedCommand();
    const again = fleet.connect(host.agent.identity);
    await again.join({ protocolVersion: 3 });
    again.send({ receipt: { requestId, receipt: await signReceipt(host.agent.identity, offer.offer) } });
    expect((await signing).status).toBe(200);
  });

  test('has twenty words of progress before it; more are not kept', async () => {
    const { offer, signing, requestId } = await signedCommand();
    for (let index = 0; index < 30; index++) {
      host.agent.send({ progress: { requestId, text: `\u001b[31m${index} ${'x'.repeat(10_000)}` } });
    }
    host.agent.send({ receipt: { requestId, receipt: await signReceipt(host.agent.identity, offer.offer) } });
    expect((await signing).status).toBe(200);
    const { progress } = await commandOf(offer);
    expect(progress).toHaveLength(20);
    expect(Math.max(...progress.map((text) => text.length))).toBeLessThanOrEqual(500);
    expect(progress.join('')).not.toContain('\u001b');
  });
});

describe('an agent that sends what nobody asked for', () => {
  const requestId = new Uint8Array(16).fill(7);

  test.each<[string, () => Promise<void> | void]>([
    ['offers', () => host.agent.send({ offer: { requestId, offer: 'a.b.c' } })],
    ['progress', () => host.agent.send({ progress: { requestId, text: 'rm -rf /' } })],
    ['receipts', () => host.agent.send({ receipt: { requestId, receipt: 'a.b.c' } })],
    ['heads that are none', () => host.agent.send({ auditHead: { head: 'a.b.c' } })],
    [
      'commands, as only a collector does',
      () => host.agent.sendRaw(encodeCollectorFrame({ command: { requestId, statement: 'a.b.c' } })),
    ],
    [
      'rosters, as only a collector does',
      () => host.agent.sendRaw(encodeCollectorFrame({ trust: { roster: 'a.b.c' } })),
    ],
    ["a collector's heads", () => host.agent.sendRaw(encodeCollectorFrame({ auditHead: { head: 'a.b.c' } }))],
  ])('%s is counted and cut, and nobody else is', async (_what, send) => {
    const bystander = await fleet.host();
    for (let times = 0; times < 40 && host.agent.socket.readyState === 1; times++) await send();
    expect(['unexpected-frame', 'malformed-frame']).toContain((await host.agent.ended).name);
    expect(bystander.agent.waiting).not.toContain('command');
    expect(bystander.agent.waiting).not.toContain('offerRequest');
    await offered(bystander);
  });

  test('and says that it is of an older version is cut at once', async () => {
    const old = await fleet.host({ protocolVersion: 2 });
    old.agent.send({ receipt: { requestId, receipt: 'a.b.c' } });
    expect((await old.agent.ended).name).toBe('unexpected-frame');
  });

  test('a few late frames are no reason to part', async () => {
    for (let times = 0; times < 10; times++) host.agent.send({ progress: { requestId, text: 'late' } });
    const offer = await offered();
    const [answer] = await Promise.all([ask(host, await bodyFor(offer)), answerCommand(host.agent, offer.offer)]);
    expect(answer.status).toBe(200);
  });
});

test('many questions to a host that is slow to answer do not pile up', async () => {
  const answers = Promise.all(Array.from({ length: 12 }, () => ask()));
  const statuses = (await answers).map(({ status }) => status);
  expect(statuses.filter((status) => status === 429)).toHaveLength(4);
  expect(statuses.filter((status) => status === 504)).toHaveLength(8);
  for (let asked = 0; asked < 8; asked++) await host.agent.next('offerRequest');
  await offered();
});

test('a head signed for a command is not a command, and the other way round', async () => {
  const offer = await offered();
  const { identity } = host.agent;
  const claims = { iss: identity.thumbprint, sequence: 1, hash: 'a'.repeat(64), iat: 1 };
  const statement = await signStatement('auditHead', claims, identity.privateKey, identity.thumbprint);
  const refused = await ask(host, { requestId: offer.requestId, signature: { statement } });
  expect(refused).toMatchObject({ status: 409, body: { refusal: 'malformed' } });
});
