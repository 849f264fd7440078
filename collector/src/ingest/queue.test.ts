import { expect, test } from 'vitest';
import type { IncomingBatch } from './batch.ts';
import { createQueue, type Entry } from './queue.ts';

const limits = { queueBytes: 1_000, groupBodyBytes: 100, groupWaitMs: 40 };

function entry(bytes: number, bodyBytes = 10): Entry {
  const batch = { payload: new Uint8Array(bytes), payloadBytes: bodyBytes } as IncomingBatch;
  return { batch, resolve: () => undefined, reject: () => undefined };
}

test('a group waits for company, but not when it is full', async () => {
  const queue = createQueue(limits);
  const started = performance.now();
  queue.push(entry(1));
  expect(await queue.nextGroup()).toHaveLength(1);
  expect(performance.now() - started).toBeGreaterThan(35);
  const again = performance.now();
  for (let count = 0; count < 12; count++) queue.push(entry(1));
  expect(await queue.nextGroup()).toHaveLength(10);
  expect(performance.now() - again).toBeLessThan(30);
});

test('a batch larger than a group goes alone', async () => {
  const queue = createQueue(limits);
  queue.push(entry(1, 500));
  queue.push(entry(1, 500));
  expect(await queue.nextGroup()).toHaveLength(1);
});

test('bytes count until they are settled', async () => {
  const queue = createQueue(limits);
  expect(queue.push(entry(600))).toBe(true);
  expect(queue.push(entry(600))).toBe(false);
  const group = (await queue.nextGroup())!;
  expect(queue.push(entry(600))).toBe(false);
  queue.settled(group);
  expect(queue.push(entry(600))).toBe(true);
});

test('a closed queue hands out what it has, then ends', async () => {
  const queue = createQueue(limits);
  queue.push(entry(1));
  queue.close();
  expect(queue.push(entry(1))).toBe(false);
  expect(await queue.nextGroup()).toHaveLength(1);
  expect(await queue.nextGroup()).toBeUndefined();
});

test('an empty queue that is closed ends who waits for it', async () => {
  const queue = createQueue(limits);
  const waiting = queue.nextGroup();
  queue.close();
  expect(await waiting).toBeUndefined();
});
