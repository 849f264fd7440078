// Runs that are under way when the collector ends: lost or expired, on record, and a receipt that comes later still ends them.
import { randomBytes } from 'node:crypto';
import type { ToolRequest } from '@foretop/proto/tools';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestControl, signCommand, signOffer, signReceipt, testSigner } from '../../test/commandable.ts';
import { testStore } from '../../test/postgres.ts';
import { insertHost } from '../../test/server.ts';
import { testIdentity, type TestIdentity } from '../../test/test-agent.ts';
import { until } from '../../test/wire.ts';
import { newCollectorKey } from '../audit/key.ts';
import type { ControlLink } from '../command/link.ts';
import type { Store } from '../store/database.ts';
import { findToolRun, toolRunHosts } from '../store/queries/tool-runs.ts';
import { ping } from '../../test/tool-host.ts';

let store: Store;
beforeAll(async () => {
  store = await testStore();
});
afterAll(() => store[Symbol.asyncDispose]());

type Control = Awaited<ReturnType<typeof openTestControl>>;

/** A host's session that offers what is asked and never ends a tool. */
function linkOf(hostId: number, identity: TestIdentity, control: () => Control) {
  const cancels: string[] = [];
  const link: ControlLink = {
    ...{ hostId, thumbprint: identity.thumbprint },
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(identity.publicKey).toString('base64url') },
    send({ offerRequest, cancel }) {
      if (cancel) cancels.push(Buffer.from(cancel.requestId!).toString('hex'));
      if (!offerRequest) return;
      void signOffer(identity, offerRequest).then((offer) =>
        control().frame(link, { offer: { requestId: offerRequest.requestId!, offer } }),
      );
    },
    close: () => undefined,
    hold: () => () => undefined,
  };
  return { link, cancels };
}

const by = { actor: 'account alice' };
const pings: ToolRequest = { tool: 'ping', parameters: ping };

async function signed(control: Control, hostId: number, request: ToolRequest) {
  const alice = await testSigner();
  const { runId, offers } = await control.tools.ask(by, { request, hostIds: [hostId], notAsked: [] });
  const { requestId, offer } = offers[0]!;
  const { text, claims, thumbprint } = offer;
  const statement = await signCommand(alice, { offer: text, claims, hostThumbprint: thumbprint });
  expect(await control.tools.sign(by, runId, [{ requestId, signature: { statement } }])).toEqual([]);
  return { runId, requestId, offer };
}

const partOf = async (runId: string) => (await toolRunHosts(store.db, [runId]))[0]!;

test('what runs is lost, what was offered has expired; a late receipt ends the lost one', async () => {
  const key = await newCollectorKey();
  const identity = testIdentity();
  const hostId = await insertHost(store);
  let control = await openTestControl(store, { key });
  const first = linkOf(hostId, identity, () => control);
  control.connected(first.link);
  const run = await signed(control, hostId, pings);
  const offered = await control.tools.ask(by, { request: pings, hostIds: [hostId], notAsked: [] });
  // As when the process is killed: nothing is told to anybody.
  const before = control;

  control = await openTestControl(store, { key });
  expect(await partOf(run.runId)).toMatchObject({ status: 'lost', detail: 'The collector was started anew.' });
  expect((await findToolRun(store.db, run.runId))!.ended_at).not.toBeNull();
  expect(await partOf(offered.runId)).toMatchObject({ status: 'expired' });
  const { rows } = await store.pool.query(`select detail from audit where action = 'tool.lost'`);
  expect(rows).toMatchObject([{ detail: { runId: run.runId, hostId, tool: 'ping example.org' } }]);

  const second = linkOf(hostId, identity, () => control);
  control.connected(second.link);
  const requestId = Buffer.from(run.offer.wireId, 'hex');
  control.frame(second.link, { toolOutput: { requestId, sequence: 9, events: [] } });
  expect(second.cancels).toEqual([run.offer.wireId]);
  const receipt = await signReceipt(identity, run.offer.text, { outcome: 'cancelled', detail: 'stopped' });
  control.frame(second.link, { receipt: { requestId, receipt } });
  await until(async () => (await partOf(run.runId)).status === 'ended');
  expect(await partOf(run.runId)).toMatchObject({ outcome: 'cancelled', detail: 'stopped' });
  await before[Symbol.asyncDispose]();
  await control[Symbol.asyncDispose]();
});

test('a watch is stopped on its host, also when that is away at the time', async () => {
  const identity = testIdentity();
  const hostId = await insertHost(store);
  await using control = await openTestControl(store);
  const { link, cancels } = linkOf(hostId, identity, () => control);
  control.connected(link);
  const id = randomBytes(8).toString('hex');
  const expiresAt = Math.floor(Date.now() / 1_000) + 86_400;
  const parameters = { id, target: 'example.org', protocol: 'icmp', intervalSeconds: 5, expiresAt } as const;
  const { runId, requestId, offer } = await signed(control, hostId, { tool: 'watch', parameters });
  control.frame(link, {
    receipt: {
      requestId: Buffer.from(offer.wireId, 'hex'),
      receipt: await signReceipt(identity, offer.text, { outcome: 'completed', detail: 'watching' }),
    },
  });
  await until(async () => (await partOf(runId)).status === 'ended');

  control.disconnected(link);
  const watch = { requestId, runId, hostId, wireId: offer.wireId, summary: 'watch example.org' };
  expect(await control.tools.stopWatch(by, watch)).toBe(true);
  expect(await control.tools.stopWatch(by, watch)).toBe(false);
  expect((await partOf(runId)).watch_told_at).toBeNull();
  control.connected(link);
  await until(() => cancels.includes(offer.wireId));
  await until(async () => (await partOf(runId)).watch_told_at !== null);
});
