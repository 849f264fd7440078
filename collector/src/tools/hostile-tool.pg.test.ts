// Hosts that flood, forge and fabricate while a tool runs: bounded, counted, and nobody else's run is touched.
import type { ToolEvent } from '@foretop/proto/tools';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { signReceipt, testSigner, type TestSigner } from '../../test/commandable.ts';
import { type TestFleet, testFleet, type TestHost } from '../../test/commanded-fleet.ts';
import { testIdentity } from '../../test/test-agent.ts';
import { answered, askRun, ended, followRun, pingOf, runOf, saidIn, signRun, startTool } from '../../test/tool-host.ts';
import { until } from '../../test/wire.ts';

let fleet: TestFleet;
let alice: TestSigner;
let me: Record<string, string>;
let evil: TestHost;
let honest: TestHost;

beforeAll(async () => {
  fleet = await testFleet({ receiptTimeoutMs: 4_000 });
  alice = await testSigner();
  honest = await fleet.host();
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  me = await fleet.signIn();
  evil = await fleet.host();
});

/** Both are under way in one run. */
async function bothRunning() {
  const asked = await askRun(fleet, me, pingOf([evil.hostId, honest.hostId]), [evil, honest]);
  await signRun(fleet, me, asked, alice);
  const offerOf = ({ hostId }: TestHost) => asked.offers.find((offer) => offer.hostId === hostId)!.offer;
  return {
    id: asked.run.id,
    evil: { ...(await startTool(evil.agent)), offer: offerOf(evil) },
    honest: { ...(await startTool(honest.agent)), offer: offerOf(honest) },
  };
}

const partOf = async (id: string, { hostId }: TestHost) =>
  (await runOf(fleet, me, id)).hosts.find((part) => part.hostId === hostId)!;

const finish = async ({ id, honest: tool }: Awaited<ReturnType<typeof bothRunning>>) => {
  tool.say(answered(1), ended);
  await tool.end(tool.offer);
  await until(async () => (await partOf(id, honest)).status === 'ended');
  expect(await partOf(id, honest)).toMatchObject({ outcome: 'completed', events: 2, dropped: 0 });
};

describe('events', () => {
  test.each<[string, (id: Awaited<ReturnType<typeof bothRunning>>) => void]>([
    ['that are no JSON', ({ evil: { send } }) => send({ sequence: 1, events: ['{'] })],
    ['of no kind that there is', ({ evil: { send } }) => send({ sequence: 1, events: ['{"kind":"shell"}'] })],
    ['of another tool', ({ evil: { say } }) => say({ kind: 'port', port: 22, state: 'open', service: 'ssh' })],
    [
      'with members that were not agreed on',
      ({ evil: { send } }) =>
        send({ sequence: 1, events: [JSON.stringify({ ...answered(1), __proto__: null, x: 1 })] }),
    ],
    ['larger than an event may be', ({ evil: { send } }) => send({ sequence: 1, events: [`"${'x'.repeat(17_000)}"`] })],
    [
      'larger together than a frame may be',
      ({ evil: { say } }) =>
        say(
          ...Array.from({ length: 70 }, (_, n): ToolEvent => ({
            kind: 'progress',
            done: n,
            of: 70,
            text: 'x'.repeat(255),
          })),
          ...Array.from({ length: 900 }, (): ToolEvent => answered(1)),
        ),
    ],
    ['without a place in the order', ({ evil: { send } }) => send({ events: [JSON.stringify(answered(1))] })],
  ])('%s are not kept, and an honest host beside it is not touched', async (_what, send) => {
    const run = await bothRunning();
    send(run);
    await finish(run);
    expect((await partOf(run.id, evil)).events).toBe(0);
    const { body } = await fleet.ask<{ items: { hostId: number }[] }>('GET', `/tool-runs/${run.id}/events`, me);
    expect(body.items.map(({ hostId }) => hostId)).toEqual([honest.hostId, honest.hostId]);
  });

  test('said twice or out of order count once', async () => {
    const run = await bothRunning();
    const event = JSON.stringify(answered(1));
    for (const sequence of [1, 1, 3, 2]) run.evil.send({ sequence, events: [event] });
    await run.evil.end(run.evil.offer);
    await until(async () => (await partOf(run.id, evil)).status === 'ended');
    expect(await partOf(run.id, evil)).toMatchObject({ events: 2, dropped: 1 });
    await finish(run);
  });

  test('of many bad frames end the connection of who sends them', async () => {
    const run = await bothRunning();
    for (let times = 0; times < 30; times++) run.evil.send({ sequence: 1, events: ['{'] });
    expect((await evil.agent.ended).name).toBe('unexpected-frame');
    await finish(run);
  });

  test('beyond what is kept of a run are counted, and its end still shows', async () => {
    const run = await bothRunning();
    const portion = Array.from({ length: 500 }, () => answered(1));
    for (let times = 0; times < 24; times++) run.evil.say(...portion);
    run.evil.say(ended);
    await run.evil.end(run.evil.offer);
    await until(async () => (await partOf(run.id, evil)).status === 'ended', 15_000);
    const part = await partOf(run.id, evil);
    expect(part.events).toBe(10_001);
    expect(part.dropped).toBe(2_000 - 1 + 1);
    await finish(run);
    const { messages } = await followRun(fleet, me, run.id);
    const last = saidIn(messages)
      .filter(({ hostId }) => hostId === evil.hostId)
      .at(-1);
    expect(last!.event).toEqual(ended);
  });

  test('with controls, bidirectional and NUL characters are kept as what they are, not as what they do', async () => {
    const run = await bothRunning();
    run.evil.say({ kind: 'progress', done: 1, of: 2, text: 'a\u0000b\u001b[2J\u202egnp\ud800' });
    run.evil.say({ kind: 'progress', done: 2, of: 2, text: '<script>alert(1)</script>' });
    await run.evil.end(run.evil.offer);
    await until(async () => (await partOf(run.id, evil)).status === 'ended');
    const { body } = await fleet.ask<{ items: { event: { text: string } }[] }>(
      'GET',
      `/tool-runs/${run.id}/events`,
      me,
    );
    const texts = body.items.map(({ event }) => event.text);
    expect(texts.join('')).not.toMatch(/[\u0000\u001b\u202e]/);
    await finish(run);
  });
});

describe('another host', () => {
  test('cannot speak for one that runs a tool, nor end it', async () => {
    const run = await bothRunning();
    const { requestId } = run.honest;
    evil.agent.send({ toolOutput: { requestId, sequence: 1, events: [JSON.stringify(answered(1))] } });
    evil.agent.send({ receipt: { requestId, receipt: await signReceipt(evil.agent.identity, run.honest.offer) } });
    // What nobody asked it for, it is told to stop.
    expect(Buffer.from((await evil.agent.next('cancel')).requestId!)).toEqual(Buffer.from(requestId));
    await finish(run);
  });

  test('and a receipt that is not of this offer ends nothing well', async () => {
    const run = await bothRunning();
    evil.agent.send({
      receipt: { requestId: run.evil.requestId, receipt: await signReceipt(testIdentity(), run.evil.offer) },
    });
    await until(async () => (await partOf(run.id, evil)).status === 'lost');
    expect(await partOf(run.id, evil)).toMatchObject({ outcome: null, receipt: null, code: 'outcome-unknown' });
    await finish(run);
  });
});

test('a host that never ends is given up after the tool’s own time and told to stop; a receipt that comes later counts', async () => {
  const run = await bothRunning();
  await finish(run);
  await until(async () => (await partOf(run.id, evil)).status === 'lost', 8_000);
  expect((await runOf(fleet, me, run.id)).status).toBe('ended');
  expect(Buffer.from((await evil.agent.next('cancel')).requestId!)).toEqual(Buffer.from(run.evil.requestId));
  await run.evil.end(run.evil.offer, { outcome: 'cancelled', detail: 'late' });
  await until(async () => (await partOf(run.id, evil)).status === 'ended');
});

test('one that speaks of a tool that nobody follows is told to stop it, and cut when it goes on', async () => {
  const requestId = new Uint8Array(16).fill(7);
  const stray = { toolOutput: { requestId, sequence: 1, events: [] } };
  evil.agent.send(stray);
  expect(Buffer.from((await evil.agent.next('cancel')).requestId!)).toEqual(Buffer.from(requestId));
  for (let times = 0; times < 20; times++) evil.agent.send(stray);
  expect((await evil.agent.ended).name).toBe('unexpected-frame');
});
