// Commands over REST, from the question to the receipt: what a person does, and what is refused to whom.
import type { AuditEntry, Command, CommandList, CommandOffer, CommandResult, List, Problem } from '@foretop/proto/api';
import { describe, expect, test } from 'vitest';
import { answerCommand, answerOffer, rosterWith, signCommand } from '../../../test/commandable.ts';
import * as schemas from '../openapi/schemas.ts';
import { commandSuite } from '../../../test/command-suite.ts';
import { bearer } from '../../../test/commanded-fleet.ts';

const suite = commandSuite();

async function commandOf(requestId: string): Promise<Command> {
  const { body } = await suite.fleet.ask<Command>('GET', `/commands/${requestId}`, suite.me);
  expect(schemas.command.safeParse(body).error?.issues).toBeUndefined();
  return body;
}

const noted = async (requestId: string): Promise<AuditEntry[]> => {
  const path = `/audit?action=command.*&q=${requestId}`;
  return (await suite.fleet.ask<List<AuditEntry>>('GET', path, suite.me)).body.items.toReversed();
};

describe('a person', () => {
  test('ends a process: offer, signature, receipt, all of it on record', async () => {
    const offer = await suite.offered();
    expect(offer).toMatchObject({
      hostId: suite.host.hostId,
      hostName: 'web-1',
      hostThumbprint: suite.host.agent.identity.thumbprint,
      claims: { action: { kind: 'terminate', process: { pid: 4711, name: 'nginx' } } },
    });
    expect(Date.parse(offer.expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
    const body = await suite.bodyFor(offer);
    const [answer, command] = await Promise.all([
      suite.fleet.ask<CommandResult>('DELETE', suite.processPath(), suite.me, body),
      answerCommand(suite.host.agent, offer.offer),
    ]);
    expect(command.statement).toBe(body.signature.statement);
    expect(schemas.commandResult.safeParse(answer.body).error?.issues).toBeUndefined();
    expect(answer).toMatchObject({
      status: 200,
      body: { outcome: 'gone', code: '', detail: 'gone 0.3 s after SIGTERM', progress: ['SIGTERM sent to 1 process'] },
    });
    expect(await commandOf(offer.requestId)).toMatchObject({
      ...{ status: 'ended', outcome: 'gone', summary: 'terminate nginx (pid 4711)' },
      action: { kind: 'terminate', processId: suite.host.processId, tree: false },
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
      expect([hostId, detail['offer']]).toEqual([suite.host.hostId, offerHash]);
      expect(actor).toMatch(/^session [0-9a-f]{8}$/);
    }
    expect(entries[1]!.detail['signer']).toBe(suite.alice.thumbprint);
  });

  test('closes a connection, whose ends and cookie the host is told', async () => {
    const path = `/connections/${suite.host.connectionId}`;
    const [answer, { request, offer }] = await Promise.all([
      suite.fleet.ask<CommandOffer>('DELETE', path, suite.me),
      answerOffer(suite.host.agent),
    ]);
    expect(request.closeConnection).toMatchObject({ protocol: 6, localPort: 443, remotePort: 50_000, cookie: 77 });
    const [result] = await Promise.all([
      suite.fleet.ask<CommandResult>('DELETE', path, suite.me, await suite.bodyFor(answer.body)),
      answerCommand(suite.host.agent, offer, { outcome: 'closed', detail: 'closed' }),
    ]);
    expect([result.status, result.body.outcome]).toEqual([200, 'closed']);
    expect((await commandOf(answer.body.requestId)).summary).toBe(
      'close connection 10.0.0.1:443 → 192.0.2.7:50000 of nginx (pid 4711)',
    );
  });

  test('asks for the whole tree by a parameter', async () => {
    const [, { request }] = await Promise.all([
      suite.fleet.ask('DELETE', `${suite.processPath()}?tree=true`, suite.me),
      answerOffer(suite.host.agent),
    ]);
    expect(request.terminate).toMatchObject({ pid: 4711, tree: true });
    expect(request.terminate!.startedUs).toBeGreaterThan(0);
    expect((await suite.fleet.ask<Problem>('DELETE', `${suite.processPath()}?tree=yes`, suite.me)).status).toBe(400);
  });

  test('learns why a host refuses, before and after the signature', async () => {
    const asking = suite.fleet.ask<Problem>('DELETE', suite.processPath(), suite.me);
    const { requestId } = await suite.host.agent.next('offerRequest');
    suite.host.agent.send({
      offer: { requestId: requestId!, refusal: { code: 'protected', detail: 'PID 1 is protected.' } },
    });
    expect(await asking).toMatchObject({ status: 409, body: { refusal: 'protected', detail: 'PID 1 is protected.' } });
    const offer = await suite.offered();
    const [answer] = await Promise.all([
      suite.fleet.ask<Problem>('DELETE', suite.processPath(), suite.me, await suite.bodyFor(offer)),
      answerCommand(suite.host.agent, offer.offer, { outcome: 'refused', code: 'no-roster', detail: 'No roster yet.' }),
    ]);
    expect(answer).toMatchObject({ status: 409, body: { refusal: 'no-roster', detail: 'No roster yet.' } });
    expect((await noted(offer.requestId)).at(-1)).toMatchObject({ action: 'command.receipt', outcome: 'refused' });
  });

  test('is told beforehand whether a signature of theirs can be expected to be taken', async () => {
    expect(await suite.offered()).toMatchObject({ canSign: false, why: expect.stringContaining('no roster') });
    const roster = await rosterWith(suite.alice, suite.host.agent.identity, { name: 'login link' });
    suite.fleet.server.control.trust.set({ roster, ownerChanges: [] });
    expect(await suite.offered()).toMatchObject({ canSign: true, why: '' });
    const token = bearer(await suite.fleet.server.token('operator'));
    expect(await suite.offered(suite.processPath(), token)).toMatchObject({
      canSign: false,
      why: expect.stringContaining('token'),
    });
    suite.fleet.server.control.trust.set({ roster: '', ownerChanges: [] });
  });
});

describe('a signature', () => {
  test('is good once: the same again is refused, and the host hears of it only once', async () => {
    const offer = await suite.offered();
    const body = await suite.bodyFor(offer);
    await Promise.all([
      suite.fleet.ask('DELETE', suite.processPath(), suite.me, body),
      answerCommand(suite.host.agent, offer.offer),
    ]);
    const again = await suite.fleet.ask<Problem>('DELETE', suite.processPath(), suite.me, body);
    expect(again).toMatchObject({ status: 409, body: { refusal: 'offer-unknown' } });
    expect(suite.host.agent.waiting).not.toContain('command');
  });

  test('twice at the same moment carries one command', async () => {
    const offer = await suite.offered();
    const body = await suite.bodyFor(offer);
    const [first, second] = await Promise.all([
      suite.fleet.ask<CommandResult>('DELETE', suite.processPath(), suite.me, body),
      suite.fleet.ask<CommandResult>('DELETE', suite.processPath(), suite.me, body),
      answerCommand(suite.host.agent, offer.offer),
    ]);
    expect([first.status, second.status].toSorted()).toEqual([200, 409]);
    expect(suite.host.agent.waiting).not.toContain('command');
  });

  test('over another offer, or for another host, is refused, and the offer can still be signed', async () => {
    const other = await suite.fleet.host();
    const [earlier, offer] = [await suite.offered(), await suite.offered()];
    const statements = [
      await signCommand(suite.alice, earlier),
      await signCommand(suite.alice, { ...offer, hostThumbprint: other.agent.identity.thumbprint }),
      await signCommand(suite.alice, { ...offer, offer: `${offer.offer} ` }),
      offer.offer,
      'a.b.c',
    ];
    for (const statement of statements) {
      const body = { requestId: offer.requestId, signature: { statement } };
      expect((await suite.fleet.ask<Problem>('DELETE', suite.processPath(), suite.me, body)).status).toBe(409);
    }
    expect(suite.host.agent.waiting).not.toContain('command');
    const [answer] = await Promise.all([
      suite.fleet.ask('DELETE', suite.processPath(), suite.me, await suite.bodyFor(offer)),
      answerCommand(suite.host.agent, offer.offer),
    ]);
    expect(answer.status).toBe(200);
  });

  test('of a passkey goes to the host byte by byte, if its challenge is this offer', async () => {
    const offer = await suite.offered();
    const { signature } = await suite.bodyFor(offer);
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
    const wrong = await suite.fleet.ask<Problem>('POST', path, suite.me, {
      signature: { passkey: passkey(encode('login')) },
    });
    expect(wrong).toMatchObject({ status: 409, body: { refusal: 'signature-invalid' } });
    const [answer, command] = await Promise.all([
      suite.fleet.ask('POST', path, suite.me, { signature: { passkey: passkey(digest) } }),
      answerCommand(suite.host.agent, offer.offer),
    ]);
    expect(answer.status).toBe(200);
    expect(Buffer.from(command.passkey!.signature!).toString()).toBe('signature');
    expect(Buffer.from(command.passkey!.clientDataJson!).toString()).toContain(digest);
  });

  test('of somebody else does not carry out what I asked for, nor does mine on the path of another process', async () => {
    const offer = await suite.offered();
    const body = await suite.bodyFor(offer);
    const stranger = await suite.fleet.signIn();
    const answer = await suite.fleet.ask<Problem>('DELETE', suite.processPath(), stranger, body);
    expect(answer).toMatchObject({ status: 409, body: { refusal: 'offer-unknown' } });
    expect((await suite.fleet.ask('DELETE', `/connections/${suite.host.connectionId}`, suite.me, body)).status).toBe(
      404,
    );
    expect(
      (await suite.fleet.ask('DELETE', `/processes/${suite.host.hostId}-0123456789abcdef`, suite.me, body)).status,
    ).toBe(404);
    expect(suite.host.agent.waiting).not.toContain('command');
  });
});

describe('the queue', () => {
  const wanted = () => ({
    hostId: suite.host.hostId,
    action: { kind: 'terminate', processId: suite.host.processId, tree: false },
  });

  test('keeps a command for whoever signs elsewhere, who asks for an offer of their own', async () => {
    const token = bearer(await suite.fleet.server.token('operator'));
    const queued = await suite.fleet.ask<Command>('POST', '/commands', token, wanted());
    expect(queued).toMatchObject({ status: 201, body: { status: 'queued', receipt: null } });
    expect(suite.host.agent.waiting).not.toContain('offerRequest');
    const { requestId } = queued.body;
    const listed = await suite.fleet.ask<CommandList>(
      'GET',
      `/commands?status=queued&host=${suite.host.hostId}`,
      suite.me,
    );
    expect(schemas.commandList.safeParse(listed.body).error?.issues).toBeUndefined();
    expect((await suite.fleet.ask('GET', `/commands/${requestId}?nothing=1`, suite.me)).status).toBe(400);
    expect(listed.body.items.map((command) => command.requestId)).toContain(requestId);
    const ask = () => suite.fleet.ask<CommandOffer>('POST', `/commands/${requestId}/offer`, suite.me);
    const [first] = await Promise.all([ask(), answerOffer(suite.host.agent)]);
    const [second] = await Promise.all([ask(), answerOffer(suite.host.agent)]);
    expect([first.status, second.body.requestId]).toEqual([200, requestId]);
    const path = `/commands/${requestId}/signature`;
    // Only the newest offer stands.
    expect((await suite.fleet.ask('POST', path, suite.me, await suite.bodyFor(first.body))).status).toBe(409);
    const [answer] = await Promise.all([
      suite.fleet.ask<CommandResult>('POST', path, suite.me, await suite.bodyFor(second.body)),
      answerCommand(suite.host.agent, second.body.offer),
    ]);
    expect([answer.status, answer.body.outcome]).toEqual([200, 'gone']);
    expect((await commandOf(requestId)).status).toBe('ended');
    expect((await suite.fleet.ask('POST', `/commands/${requestId}/offer`, suite.me)).status).toBe(409);
  });

  test('forgets what is withdrawn or has expired', async () => {
    const { body } = await suite.fleet.ask<Command>('POST', '/commands', suite.me, wanted());
    expect((await suite.fleet.ask('DELETE', `/commands/${body.requestId}`, suite.me)).status).toBe(204);
    expect((await commandOf(body.requestId)).status).toBe('withdrawn');
    expect((await suite.fleet.ask('POST', `/commands/${body.requestId}/offer`, suite.me)).status).toBe(409);
    const late = await suite.fleet.ask<Command>('POST', '/commands', suite.me, wanted());
    const { db } = suite.fleet.server.store;
    const past = { expires_at: new Date(Date.now() - 1) };
    await db.updateTable('command').set(past).where('request_id', '=', late.body.requestId).execute();
    expect((await suite.fleet.ask('POST', `/commands/${late.body.requestId}/offer`, suite.me)).status).toBe(409);
    expect(suite.host.agent.waiting).not.toContain('offerRequest');
  });

  test('holds twenty of one operator, and pages through all', async () => {
    for (let index = 0; index < 20; index++) {
      expect((await suite.fleet.ask('POST', '/commands', suite.me, wanted())).status).toBe(201);
    }
    const full = await suite.fleet.ask<Problem>('POST', '/commands', suite.me, wanted());
    expect([full.status, full.body.type]).toEqual([429, 'urn:foretop:problem:too-many-commands']);
    const seen = new Set<string>();
    for (let cursor: string | null = ''; cursor !== null;) {
      const path = `/commands?status=queued&limit=7${cursor && `&cursor=${cursor}`}`;
      const page: CommandList = (await suite.fleet.ask<CommandList>('GET', path, suite.me)).body;
      for (const { requestId } of page.items) seen.add(requestId);
      cursor = page.nextCursor;
    }
    expect(seen.size).toBeGreaterThanOrEqual(20);
  });
});
