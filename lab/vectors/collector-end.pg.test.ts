// The collector runs the invalid vectors: each ends its own connection with the vector's close code, or sets its own batch aside.
import { limits } from '@foretop/proto';
import { invalidVectors } from '@foretop/proto/vectors';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestWire, type TestWire } from '../../collector/test/wire.ts';

let wire: TestWire;
beforeAll(async () => {
  wire = await openTestWire({ admissionPerSecond: 1_000 });
});
afterAll(() => wire[Symbol.asyncDispose]());

const frames = invalidVectors().filter(({ kind }) => kind === 'agent-frame');
const batches = invalidVectors().filter(({ kind }) => kind === 'batch');
/** The WebSocket itself refuses a message beyond its limit (RFC 6455 section 7.4.1). */
const messageTooBig = 1009;

test.each(frames)('$name before Hello: $close', async ({ bytes, close }) => {
  using agent = wire.connect();
  await agent.next('challenge');
  agent.sendRaw(bytes);
  const { code, name } = await agent.ended;
  if (bytes.length > limits.frameBytes) expect(code).toBe(messageTooBig);
  else expect(name).toBe(close);
});

test.each(frames)('$name after Welcome: $close', async ({ bytes, close }) => {
  using agent = (await wire.enrolled()).agent;
  agent.sendRaw(bytes);
  const { code, name } = await agent.ended;
  if (bytes.length > limits.frameBytes) expect(code).toBe(messageTooBig);
  else expect(name).toBe(close);
});

test.each(batches)('$name: $close, or set aside', async ({ bytes, bodyBytes, close }) => {
  using agent = (await wire.enrolled()).agent;
  agent.batch({ epoch: randomBytes(8), sequence: 1, payload: bytes, payloadBytes: bodyBytes });
  const ack = agent.next('ack').then(({ quarantined }) => ({ quarantined }));
  const end = agent.ended.then(({ name }) => ({ name }));
  expect([{ quarantined: [1] }, { name: close }]).toContainEqual(await Promise.race([ack, end]));
});
