// Hosts that send packets as nobody asked them to: bounded, told apart from what is whole, and stopped.
import type { Problem } from '@foretop/proto/api';
import { createOpener, newRecipient, SealFault } from '@foretop/proto/capture';
import { mostCaptureBytes } from '@foretop/proto/tools';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { capture, captured, head, packetOf, packetsOf, partOf, startCapture } from '../../test/capture-host.ts';
import { testSigner, type TestSigner } from '../../test/commandable.ts';
import { type TestFleet, testFleet, type TestHost } from '../../test/commanded-fleet.ts';
import { answered, askRun, pingOf, signRun, startTool } from '../../test/tool-host.ts';
import { until } from '../../test/wire.ts';

let fleet: TestFleet;
let alice: TestSigner;
let me: Record<string, string>;
let evil: TestHost;

beforeAll(async () => {
  fleet = await testFleet();
  alice = await testSigner();
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  me = await fleet.signIn();
  evil = await fleet.host();
});

type Capture = Awaited<ReturnType<typeof startCapture>>;

const part = (id: string) => partOf(fleet, me, id);
const start = (changes: Parameters<typeof startCapture>[4] = {}) => startCapture(fleet, me, alice, evil, changes);
const stored = async (run: Capture) => Buffer.from(await (await packetsOf(fleet, me, run)).arrayBuffer());
const one = packetOf(new Uint8Array(60).fill(1));

/** It was told to stop, and says that all is well. */
async function finish(run: Capture) {
  expect(Buffer.from((await evil.agent.next('cancel')).requestId!)).toEqual(Buffer.from(run.wireId));
  await run.end();
  await until(async () => (await part(run.id)).status === 'ended');
  return part(run.id);
}

test('packets of a ping are not kept', async () => {
  const asked = await askRun(fleet, me, pingOf([evil.hostId]), [evil]);
  await signRun(fleet, me, asked, alice);
  const tool = await startTool(evil.agent);
  tool.send({ sequence: 1, packets: head, events: [JSON.stringify(answered(1))] });
  await tool.end(asked.offers[0]!.offer);
  await until(async () => (await part(asked.run.id)).status === 'ended');
  expect(await part(asked.run.id)).toMatchObject({ events: 0, packets: null });
  const { requestId } = asked.offers[0]!;
  expect((await packetsOf(fleet, me, { id: asked.run.id, requestId })).status).toBe(404);
});

describe('a capture', () => {
  test('of more than was asked for is stopped at the bound', async () => {
    const run = await start({ maxBytes: 1_000_000 });
    const block = packetOf(new Uint8Array(60_000));
    run.bring(head);
    for (let times = 0; times < 20; times++) run.bring(block);
    const ended = await finish(run);
    expect(ended).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining(`more than the ${mostCaptureBytes(1_000_000)} bytes`),
    });
    expect(ended.detail).toContain('The host says: ended');
    expect(ended.packets!.bytes).toBe(head.length + 17 * block.length);
  });

  test('with more at once than a frame may hold is stopped', async () => {
    const run = await start();
    run.bring(head);
    run.bring(packetOf(new Uint8Array(65_536)));
    expect(await finish(run)).toMatchObject({ outcome: 'failed', packets: { bytes: head.length } });
  });

  test('with a hole has failed: bytes are missing, and what came before stays', async () => {
    const run = await start();
    run.bring(Buffer.concat([head, one]));
    run.lose();
    run.bring(one);
    run.bring(one, captured);
    expect(await finish(run)).toMatchObject({
      outcome: 'failed',
      detail: 'Bytes are missing: output 3 came after 1. The host says: ended',
    });
    expect(await stored(run)).toEqual(Buffer.concat([head, one]));
  });

  test('that has ended takes no more packets', async () => {
    const run = await start();
    run.bring(Buffer.concat([head, one]), captured);
    run.bring(one);
    await run.end();
    await until(async () => (await part(run.id)).status === 'ended');
    expect(await part(run.id)).toMatchObject({ outcome: 'completed', dropped: 1 });
    expect(await stored(run)).toEqual(Buffer.concat([head, one]));
  });

  test('after its receipt is one that nobody asked for', async () => {
    const run = await start();
    run.bring(Buffer.concat([head, one]));
    await run.end();
    await until(async () => (await part(run.id)).status === 'ended');
    run.bring(one);
    expect(Buffer.from((await evil.agent.next('cancel')).requestId!)).toEqual(Buffer.from(run.wireId));
    expect(await stored(run)).toEqual(Buffer.concat([head, one]));
  });

  test('of headers that is none is not kept', async () => {
    const run = await start();
    run.bring(Buffer.from('<html>this is not what was asked for</html>'));
    expect(await finish(run)).toMatchObject({ outcome: 'failed', packets: { bytes: 0, sealed: null } });
  });

  test('in the clear, though it was to be sealed, is stored as what it is and not taken for sealed', async () => {
    const recipient = await newRecipient();
    const run = await start({ content: 'payload', recipient: recipient.publicKey });
    run.bring(Buffer.concat([head, one]), captured);
    await run.end();
    await until(async () => (await part(run.id)).status === 'ended');
    expect((await part(run.id)).packets).toMatchObject({ sealed: false, recipient: recipient.publicKey });
    const opener = await createOpener(recipient.privateKey, recipient.publicKey, run.requestId);
    const opening = opener.push(await stored(run));
    await expect(opening).rejects.toThrow(SealFault);
    await expect(opening).rejects.toThrow('sent these packets as they are');
  });

  test('of another host is not taken for this one', async () => {
    const run = await start();
    const other = await fleet.host();
    other.agent.send({ toolOutput: { requestId: run.wireId, sequence: 1, packets: Buffer.concat([head, one]) } });
    expect(Buffer.from((await other.agent.next('cancel')).requestId!)).toEqual(Buffer.from(run.wireId));
    run.bring(head, captured);
    await run.end();
    await until(async () => (await part(run.id)).status === 'ended');
    expect(await stored(run)).toEqual(head);
  });
});

test('more captures than a day may hold are not asked for', async () => {
  const { pool } = fleet.server.store;
  const run = await start();
  run.bring(head, captured);
  await run.end();
  await until(async () => (await part(run.id)).status === 'ended');
  await pool.query('update tool_run_host set packet_bytes = $1 where request_id = $2', [9 * 2 ** 30, run.requestId]);
  const body = { tool: 'capture', parameters: capture, hosts: [evil.hostId] };
  const { status, body: problem } = await fleet.ask<Problem>('POST', '/tool-runs', me, body);
  expect([status, problem.detail]).toEqual([
    429,
    expect.stringContaining('Captures of the last 24 hours take 9.0 GiB of the 8.0 GiB'),
  ]);
  expect(evil.agent.waiting).not.toContain('offerRequest');
  await pool.query('update tool_run_host set packet_bytes = 0 where request_id = $1', [run.requestId]);
});
