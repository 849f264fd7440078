// The stream of a capture: its bounds, its order, and what becomes of it when the way is blocked.
import { createOpener, createSealer, newRecipient } from '@foretop/proto/capture';
import { expect, test } from 'vitest';
import { PacketStream } from './packet-stream.ts';

const never = new AbortController().signal;
const block = (bytes: number, fill: number) => new Uint8Array(bytes).fill(fill);
const requestId = '0'.repeat(32);

async function streamed(stream: PacketStream, blocks: Uint8Array[]): Promise<number> {
  let taken = 0;
  for (const one of blocks) {
    if (!stream.add(one)) break;
    taken++;
    if (stream.isFull()) await stream.flush(never);
  }
  await stream.flush(never, block(52, 9));
  return taken;
}

test('sends whole blocks in order, in pieces that fit a frame, and no more than was asked for', async () => {
  const sent: Uint8Array[] = [];
  const stream = new PacketStream({
    way: { send: (bytes) => sent.push(bytes) > 0 },
    maxBytes: 300_000,
    sealer: undefined,
  });
  stream.begin(block(60, 1));
  const blocks = Array.from({ length: 1_000 }, (_, index) => block(1_000, index & 0xff));
  const taken = await streamed(stream, blocks);
  const whole = Buffer.concat(sent);
  expect(whole.equals(Buffer.concat([block(60, 1), ...blocks.slice(0, taken), block(52, 9)]))).toBe(true);
  expect(whole.length).toBeLessThanOrEqual(300_000);
  expect(whole.length).toBeGreaterThan(298_000);
  expect(stream.bytes).toBe(whole.length);
  expect(sent.every(({ length }) => length <= 49_152)).toBe(true);
});

test('sealed, it opens to the same, says where it ends, and holds a frame of any length', async () => {
  const { privateKey, publicKey } = await newRecipient();
  const sent: Uint8Array[] = [];
  const sealer = await createSealer(publicKey, requestId);
  const stream = new PacketStream({ way: { send: (bytes) => sent.push(bytes) > 0 }, maxBytes: 400_000, sealer });
  stream.begin(block(60, 1));
  const blocks = [block(65_567, 2), block(100, 3), block(65_567, 4), block(40_000, 5), block(400_000, 6)];
  expect(await streamed(stream, blocks)).toBe(4);
  expect(sent.every(({ length }) => length <= 61_440)).toBe(true);
  expect(stream.bytes).toBe(sent.reduce((sum, { length }) => sum + length, 0));
  const opener = await createOpener(privateKey, publicKey, requestId);
  const opened: Uint8Array[] = [];
  for (const piece of sent) opened.push(...(await opener.push(piece)));
  expect(opener.isComplete).toBe(true);
  expect(Buffer.concat(opened).equals(Buffer.concat([block(60, 1), ...blocks.slice(0, 4), block(52, 9)]))).toBe(true);
});

test('waits for room without losing anything, and gives up when nobody waits any more', async () => {
  const sent: Uint8Array[] = [];
  let refusals = 5;
  const way = { send: (bytes: Uint8Array) => (refusals > 0 ? refusals-- < 0 : sent.push(bytes) > 0) };
  const stream = new PacketStream({ way, maxBytes: 100_000, sealer: undefined });
  stream.add(block(10, 1));
  await stream.flush(never);
  expect([sent.length, stream.isBlocked]).toEqual([1, false]);
  refusals = Infinity;
  stream.add(block(10, 2));
  await stream.flush(AbortSignal.timeout(50));
  expect([sent.length, stream.isBlocked]).toEqual([1, true]);
});
