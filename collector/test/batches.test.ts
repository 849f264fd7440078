// What tests of ingest rest on: times that are reckoned twice are the same.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { bootUs, segmentOf, testHost } from './batches.ts';

test('the clock of a test host stands still an hour after its boot', async () => {
  const host = testHost(1);
  const [segment, now] = [segmentOf(host, 1), bootUs(host)];
  await sleep(5);
  expect([segmentOf(host, 1), bootUs(host)]).toEqual([segment, now]);
  expect(now).toBe(3_600_000_000);
});
