// Commands that are under way when the collector ends: nothing is sent twice, nothing is forgotten, and a late receipt counts.
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newCollectorKey } from '../audit/key.ts';
import { openTestControl, signCommand, signOffer, signReceipt, testSigner } from '../../test/commandable.ts';
import { testStore } from '../../test/postgres.ts';
import { insertHost } from '../../test/server.ts';
import { testIdentity, type TestIdentity } from '../../test/test-agent.ts';
import { until } from '../../test/wire.ts';
import type { Store } from '../store/database.ts';
import { findCommand } from '../store/queries/commands.ts';
import type { Wanted } from './desk.ts';
import type { ControlLink } from './link.ts';

let store: Store;
beforeAll(async () => {
  store = await testStore();
});
afterAll(() => store[Symbol.asyncDispose]());

/** A host's session that answers questions and never a command. */
function linkOf(hostId: number, identity: TestIdentity, control: () => Awaited<ReturnType<typeof openTestControl>>) {
  const sent: Buffer[] = [];
  const link: ControlLink = {
    ...{ hostId, thumbprint: identity.thumbprint },
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(identity.publicKey).toString('base64url') },
    send(frame) {
      const { offerRequest, command } = frame;
      if (command) sent.push(Buffer.from(command.requestId!));
      if (!offerRequest) return;
      void signOffer(identity, offerRequest).then((offer) =>
        control().frame(link, { offer: { requestId: offerRequest.requestId!, offer } }),
      );
    },
    close: () => undefined,
    hold: () => () => undefined,
  };
  return { link, sent };
}

test('what was sent is lost, what was offered has expired, what was queued stays; a receipt that comes later ends the lost one', async () => {
  const key = await newCollectorKey();
  const identity = testIdentity();
  const hostId = await insertHost(store);
  const wanted: Wanted = {
    hostId,
    action: { kind: 'terminate', processId: `${hostId}-${randomBytes(8).toString('hex')}`, tree: false },
    asked: { terminate: { pid: 4711, startedUs: 1, tree: false } },
    summary: 'terminate nginx (pid 4711)',
  };
  const by = { actor: 'account alice' };
  const alice = await testSigner();

  let control = await openTestControl(store, { key });
  const first = linkOf(hostId, identity, () => control);
  control.connected(first.link);
  const signed = await control.desk.offer(by, wanted);
  const offered = await control.desk.offer(by, wanted);
  const queued = await control.desk.queue(by, wanted);
  const { text, claims } = signed.offer;
  const statement = await signCommand(alice, { offer: text, claims, hostThumbprint: identity.thumbprint });
  const signing = control.desk.sign(by, signed.requestId, { statement }).catch(() => undefined);
  await until(() => first.sent.length === 1);
  // The process is killed: its timers go with it, nothing else is done.
  const killed = control;
  control = await openTestControl(store, { key });

  const statusOf = async (requestId: string) => (await findCommand(store.db, requestId))!.status;
  expect(await statusOf(signed.requestId)).toBe('lost');
  expect(await statusOf(offered.requestId)).toBe('expired');
  expect(await statusOf(queued)).toBe('queued');
  const notes = () =>
    store.db
      .selectFrom('audit')
      .select(['actor', 'action'])
      .where('action', 'in', ['command.lost', 'command.receipt'])
      .execute();
  expect(await notes()).toEqual([{ actor: 'collector', action: 'command.lost' }]);

  const second = linkOf(hostId, identity, () => control);
  control.connected(second.link);
  await expect(control.desk.sign(by, signed.requestId, { statement })).rejects.toMatchObject({
    refusal: 'offer-unknown',
  });
  await expect(control.desk.sign(by, offered.requestId, { statement })).rejects.toMatchObject({
    refusal: 'offer-unknown',
  });
  expect(second.sent).toEqual([]);
  const receipt = await signReceipt(identity, text);
  control.frame(second.link, { receipt: { requestId: first.sent[0]!, receipt } });
  await until(async () => (await statusOf(signed.requestId)) === 'ended');
  expect(await notes()).toHaveLength(2);

  killed.frame(first.link, { receipt: { requestId: first.sent[0]!, receipt } });
  await signing;
  await killed[Symbol.asyncDispose]();
  await control[Symbol.asyncDispose]();
});

test('a collector that stops in order does not wait for a receipt, and says that the command is lost', async () => {
  const identity = testIdentity();
  const hostId = await insertHost(store);
  const control = await openTestControl(store);
  const { link, sent } = linkOf(hostId, identity, () => control);
  control.connected(link);
  const action = { kind: 'terminate', processId: `${hostId}-${randomBytes(8).toString('hex')}`, tree: false } as const;
  const by = { actor: 'account alice' };
  const asked = { terminate: { pid: 1, tree: false } };
  const { requestId, offer } = await control.desk.offer(by, { hostId, action, asked, summary: '' });
  const { text, claims } = offer;
  const statement = await signCommand(await testSigner(), { offer: text, claims, hostThumbprint: identity.thumbprint });
  const signing = control.desk.sign(by, requestId, { statement }).catch((error: Error) => error);
  await until(() => sent.length === 1);
  await control[Symbol.asyncDispose]();
  expect(await signing).toMatchObject({ code: 'outcome-unknown' });
  expect((await findCommand(store.db, requestId))!.status).toBe('lost');
});

test('another collector on the same database leaves them alone', async () => {
  const identity = testIdentity();
  const hostId = await insertHost(store);
  const control = await openTestControl(store);
  control.connected(linkOf(hostId, identity, () => control).link);
  const action = { kind: 'terminate', processId: `${hostId}-${randomBytes(8).toString('hex')}`, tree: false } as const;
  const asked = { terminate: { pid: 1, tree: false } };
  const offered = await control.desk.offer({ actor: 'a' }, { hostId, action, asked, summary: '' });
  const other = await openTestControl(store, { log: pino({ level: 'silent' }) });
  expect((await findCommand(store.db, offered.requestId))!.status).toBe('offered');
  await other[Symbol.asyncDispose]();
  await control[Symbol.asyncDispose]();
});

test('nothing is sent that could not be recorded', async () => {
  await using broken = await testStore();
  const identity = testIdentity();
  const hostId = await insertHost(broken);
  const control = await openTestControl(broken);
  const { link, sent } = linkOf(hostId, identity, () => control);
  control.connected(link);
  const action = { kind: 'terminate', processId: `${hostId}-${randomBytes(8).toString('hex')}`, tree: false } as const;
  const asked = { terminate: { pid: 1, tree: false } };
  const by = { actor: 'a' };
  const { requestId, offer } = await control.desk.offer(by, { hostId, action, asked, summary: '' });
  const alice = await testSigner();
  const statement = await signCommand(alice, {
    offer: offer.text,
    claims: offer.claims,
    hostThumbprint: identity.thumbprint,
  });
  await broken.pool.query('alter table audit rename to audit_away');
  await expect(control.desk.sign(by, requestId, { statement })).rejects.toThrow(/audit/);
  expect(sent).toEqual([]);
  await expect(control.desk.sign(by, requestId, { statement })).rejects.toMatchObject({ refusal: 'offer-unknown' });
  await broken.pool.query('alter table audit_away rename to audit');
  await control[Symbol.asyncDispose]();
});
