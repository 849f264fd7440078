// Commands over REST, from the question to the receipt: what a person does, and what is refused to whom.
import type { AuditEntry, Command, CommandList, CommandOffer, CommandResult, List, Problem } from '@foretop/proto/api';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  answerCommand,
  answerOffer,
  rosterWith,
  signCommand,
  testSigner,
  type TestSigner,
} from '../../../test/commandable.ts';
import * as schemas from '../openapi/schemas.ts';
import { bearer, type TestFleet, testFleet, type TestHost } from '../../../test/commanded-fleet.ts';

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
  expect(schemas.commandOffer.safeParse(answer.body).error?.issues).toBeUndefined();
  return answer.body;
}

async function bodyFor(offer: CommandOffer) {
  return { requestId: offer.requestId, signature: { statement: await signCommand(alice, offer) } };
}

async function commandOf(requestId: string): Promise<Command> {
  const { body } = await fleet.ask<Command>('GET', `/commands/${requestId}`, me);
  expect(schemas.command.safeParse(body).error?.issues).toBeUndefined();
  return body;
}

const noted = async (requestId: string): Promise<AuditEntry[]> => {
  const path = `/audit?action=command.*&q=${requestId}`;
  return (await fleet.ask<List<AuditEntry>>('GET', path, me)).body.items.toReversed();
};

describe('a person', () => {
  test('ends a process: offer, signature, receipt, all of it on record', async () => {
    const offer = await offered();
    expect(offer).toMatchObject({
      hostId: host.hostId,
      hostName: 'web-1',
      hostThumbprint: host.agent.identity.thumbprint,
      claims: { action: { kind: 'terminate', process: { pid: 4711, name: 'nginx' } } },
    });
    expect(Date.parse(offer.expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
    const body = await bodyFor(offer);
    const [answer, command] = await Promise.all([
      fleet.ask<CommandResult>('DELETE', processPath(), me, body),
      answerCommand(host.agent, offer.offer),
    ]);
    expect(command.statement).toBe(body.signature.statement);
    expect(schemas.commandResult.safeParse(answer.body).error?.issues).toBeUndefined();
    expect(answer).toMatchObject({
      status: 200,
      body: { outcome: 'gone', code: '', detail: 'gone 0.3 s after SIGTERM', progress: ['SIGTERM sent to 1 process'] },
    });
    expect(await commandOf(offer.requestId)).toMatchObject({
      ...{ status: 'ended', outcome: 'gone', summary: 'terminate nginx (pid 4711)' },
      action: { kind: 'terminate', processId: host.processId, tree: false },
      receipt: answer.body.receipt,
    });
    const entries = await noted(offer.requestId);
    expect(entries.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['command.offer', 'done'],
      ['command.sign', 'done'],
      ['command.receipt', 'done'],
    ]);
    const { offerHash } = await commandOf(offer.requestId);
    for (const { hostId, detail, actor } of entries) {
      expect([hostId, detail['offer']]).toEqual([host.hostId, offerHash]);
      expect(actor).toMatch(/^session [0-9a-f]{8}$/);
    }
    expect(entries[1]!.detail['signer']).toBe(alice.thumbprint);
  });

  test('closes a connection, whose ends and cookie the host is told', async () => {
    const path = `/connections/${host.connectionId}`;
    const [answer, { request, offer }] = await Promise.all([
      fleet.ask<CommandOffer>('DELETE', path, me),
      answerOffer(host.agent),
    ]);
    expect(request.closeConnection).toMatchObject({ protocol: 6, localPort: 443, remotePort: 50_000, cookie: 77 });
    const [result] = await Promise.all([
      fleet.ask<CommandResult>('DELETE', path, me, await bodyFor(answer.body)),
      answerCommand(host.agent, offer, { outcome: 'closed', detail: 'closed' }),
    ]);
    expect([result.status, result.body.outcome]).toEqual([200, 'closed']);
    expect((await commandOf(answer.body.requestId)).summary).toBe(
      'close connection 10.0.0.1:443 → 192.0.2.7:50000 of nginx (pid 4711)',
    );
  });

  test('asks for the whole tree by a parameter', async () => {
    const [, { request }] = await Promise.all([
      fleet.ask('DELETE', `${processPath()}?tree=true`, me),
      answerOffer(host.agent),
    ]);
    expect(request.terminate).toMatchObject({ pid: 4711, tree: true });
    expect(request.terminate!.startedUs).toBeGreaterThan(0);
    expect((await fleet.ask<Problem>('DELETE', `${processPath()}?tree=yes`, me)).status).toBe(400);
  });

  test('learns why a host refuses, before and after the signature', async () => {
    const asking = fleet.ask<Problem>('DELETE', processPath(), me);
    const { requestId } = await host.agent.next('offerRequest');
    host.agent.send({
      offer: { requestId: requestId!, refusal: { code: 'protected', detail: 'PID 1 is protected.' } },
    });
    expect(await asking).toMatchObject({ status: 409, body: { refusal: 'protected', detail: 'PID 1 is protected.' } });
    const offer = await offered();
    const [answer] = await Promise.all([
      fleet.ask<Problem>('DELETE', processPath(), me, await bodyFor(offer)),
      answerCommand(host.agent, offer.offer, { outcome: 'refused', code: 'no-roster', detail: 'No roster yet.' }),
    ]);
    expect(answer).toMatchObject({ status: 409, body: { refusal: 'no-roster', detail: 'No roster yet.' } });
    expect((await noted(offer.requestId)).at(-1)).toMatchObject({ action: 'command.receipt', outcome: 'refused' });
  });

  test('is told beforehand whether a signature of theirs can be expected to be taken', async () => {
    expect(await offered()).toMatchObject({ canSign: false, why: expect.stringContaining('no roster') });
    const roster = await rosterWith(alice, host.agent.identity, { name: 'login link' });
    fleet.server.control.trust.set({ roster, ownerChanges: [] });
    expect(await offered()).toMatchObject({ canSign: true, why: '' });
    const token = bearer(await fleet.server.token('operator'));
    expect(await offered(processPath(), token)).toMatchObject({
      canSign: false,
      why: expect.stringContaining('token'),
    });
    fleet.server.control.trust.set({ roster: '', ownerChanges: [] });
  });
});

describe('a signature', () => {
  test('is good once: the same again is refused, and the host hears of it only once', async () => {
    const offer = await offered();
    const body = await bodyFor(offer);
    await Promise.all([fleet.ask('DELETE', processPath(), me, body), answerCommand(host.agent, offer.offer)]);
    const again = await fleet.ask<Problem>('DELETE', processPath(), me, body);
    expect(again).toMatchObject({ status: 409, body: { refusal: 'offer-unknown' } });
    expect(host.agent.waiting).not.toContain('command');
  });

  test('twice at the same moment carries one command', async () => {
    const offer = await offered();
    const body = await bodyFor(offer);
    const [first, second] = await Promise.all([
      fleet.ask<CommandResult>('DELETE', processPath(), me, body),
      fleet.ask<CommandResult>('DELETE', processPath(), me, body),
      answerCommand(host.agent, offer.offer),
    ]);
    expect([first.status, second.status].toSorted()).toEqual([200, 409]);
    expect(host.agent.waiting).not.toContain('command');
  });

  test('over another offer, or for another host, is refused, and the offer can still be signed', async () => {
    const other = await fleet.host();
    const [earlier, offer] = [await offered(), await offered()];
    const statements = [
      await signCommand(alice, earlier),
      await signCommand(alice, { ...offer, hostThumbprint: other.agent.identity.thumbprint }),
      await signCommand(alice, { ...offer, offer: `${offer.offer} ` }),
      offer.offer,
      'a.b.c',
    ];
    for (const statement of statements) {
      const body = { requestId: offer.requestId, signature: { statement } };
      expect((await fleet.ask<Problem>('DELETE', processPath(), me, body)).status).toBe(409);
    }
    expect(host.agent.waiting).not.toContain('command');
    const [answer] = await Promise.all([
      fleet.ask('DELETE', processPath(), me, await bodyFor(offer)),
      answerCommand(host.agent, offer.offer),
    ]);
    expect(answer.status).toBe(200);
  });

  test('of a passkey goes to the host byte by byte, if its challenge is this offer', async () => {
    const offer = await offered();
    const { signature } = await bodyFor(offer);
    const { digest } = JSON.parse(Buffer.from(signature.statement.split('.')[1]!, 'base64url').toString()) as {
      digest: string;
    };
    const encode = (text: string) => Buffer.from(text).toString('base64url');
    const passkey = (challenge: string) => ({
      credentialId: encode('credential'),
      authenticatorData: encode('data'),
      clientDataJson: encode(JSON.stringify({ type: 'webauthn.get', challenge, origin: 'http://localhost' })),
      signature: encode('signature'),
    });
    const path = `/commands/${offer.requestId}/signature`;
    const wrong = await fleet.ask<Problem>('POST', path, me, { signature: { passkey: passkey(encode('login')) } });
    expect(wrong).toMatchObject({ status: 409, body: { refusal: 'signature-invalid' } });
    const [answer, command] = await Promise.all([
      fleet.ask('POST', path, me, { signature: { passkey: passkey(digest) } }),
      answerCommand(host.agent, offer.offer),
    ]);
    expect(answer.status).toBe(200);
    expect(Buffer.from(command.passkey!.signature!).toString()).toBe('signature');
    expect(Buffer.from(command.passkey!.clientDataJson!).toString()).toContain(digest);
  });

  test('of somebody else does not carry out what I asked for, nor does mine on the path of another process', async () => {
    const offer = await offered();
    const body = await bodyFor(offer);
    const stranger = await fleet.signIn();
    const answer = await fleet.ask<Problem>('DELETE', processPath(), stranger, body);
    expect(answer).toMatchObject({ status: 409, body: { refusal: 'offer-unknown' } });
    expect((await fleet.ask('DELETE', `/connections/${host.connectionId}`, me, body)).status).toBe(404);
    expect((await fleet.ask('DELETE', `/processes/${host.hostId}-0123456789abcdef`, me, body)).status).toBe(404);
    expect(host.agent.waiting).not.toContain('command');
  });
});

describe('the queue', () => {
  const wanted = () => ({ hostId: host.hostId, action: { kind: 'terminate', processId: host.processId, tree: false } });

  test('keeps a command for whoever signs elsewhere, who asks for an offer of their own', async () => {
    const token = bearer(await fleet.server.token('operator'));
    const queued = await fleet.ask<Command>('POST', '/commands', token, wanted());
    expect(queued).toMatchObject({ status: 201, body: { status: 'queued', receipt: null } });
    expect(host.agent.waiting).not.toContain('offerRequest');
    const { requestId } = queued.body;
    const listed = await fleet.ask<CommandList>('GET', `/commands?status=queued&host=${host.hostId}`, me);
    expect(schemas.commandList.safeParse(listed.body).error?.issues).toBeUndefined();
    expect((await fleet.ask('GET', `/commands/${requestId}?nothing=1`, me)).status).toBe(400);
    expect(listed.body.items.map((command) => command.requestId)).toContain(requestId);
    const ask = () => fleet.ask<CommandOffer>('POST', `/commands/${requestId}/offer`, me);
    const [first] = await Promise.all([ask(), answerOffer(host.agent)]);
    const [second] = await Promise.all([ask(), answerOffer(host.agent)]);
    expect([first.status, second.body.requestId]).toEqual([200, requestId]);
    const path = `/commands/${requestId}/signature`;
    // Only the newest offer stands.
    expect((await fleet.ask('POST', path, me, await bodyFor(first.body))).status).toBe(409);
    const [answer] = await Promise.all([
      fleet.ask<CommandResult>('POST', path, me, await bodyFor(second.body)),
      answerCommand(host.agent, second.body.offer),
    ]);
    expect([answer.status, answer.body.outcome]).toEqual([200, 'gone']);
    expect((await commandOf(requestId)).status).toBe('ended');
    expect((await fleet.ask('POST', `/commands/${requestId}/offer`, me)).status).toBe(409);
  });

  test('forgets what is withdrawn or has expired', async () => {
    const { body } = await fleet.ask<Command>('POST', '/commands', me, wanted());
    expect((await fleet.ask('DELETE', `/commands/${body.requestId}`, me)).status).toBe(204);
    expect((await commandOf(body.requestId)).status).toBe('withdrawn');
    expect((await fleet.ask('POST', `/commands/${body.requestId}/offer`, me)).status).toBe(409);
    const late = await fleet.ask<Command>('POST', '/commands', me, wanted());
    const { db } = fleet.server.store;
    const past = { expires_at: new Date(Date.now() - 1) };
    await db.updateTable('command').set(past).where('request_id', '=', late.body.requestId).execute();
    expect((await fleet.ask('POST', `/commands/${late.body.requestId}/offer`, me)).status).toBe(409);
    expect(host.agent.waiting).not.toContain('offerRequest');
  });

  test('holds twenty of one operator, and pages through all', async () => {
    for (let index = 0; index < 20; index++) {
      expect((await fleet.ask('POST', '/commands', me, wanted())).status).toBe(201);
    }
    const full = await fleet.ask<Problem>('POST', '/commands', me, wanted());
    expect([full.status, full.body.type]).toEqual([429, 'urn:foretop:problem:too-many-commands']);
    const seen = new Set<string>();
    for (let cursor: string | null = ''; cursor !== null;) {
      const path = `/commands?status=queued&limit=7${cursor && `&cursor=${cursor}`}`;
      const page: CommandList = (await fleet.ask<CommandList>('GET', path, me)).body;
      for (const { requestId } of page.items) seen.add(requestId);
      cursor = page.nextCursor;
    }
    expect(seen.size).toBeGreaterThanOrEqual(20);
  });
});
