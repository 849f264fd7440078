// The room of the quarantine: the oldest files go, and they are counted.
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openQuarantine } from './quarantine.ts';

const batch = (sequence: number) => ({
  hostId: 1,
  epoch: Buffer.alloc(8),
  sequence,
  previousSequence: sequence - 1,
  payload: Buffer.alloc(1_000),
  payloadBytes: 1_000,
  bootId: Buffer.alloc(16),
  offsetUs: 0,
  receivedUs: 0,
});

test('stays within its bytes', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'foretop-quarantine-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const quarantine = openQuarantine(dir, pino({ level: 'silent' }), 3_500);
  for (const sequence of [1, 2, 3, 4]) {
    await quarantine.keep(batch(sequence), 'a test');
    // Files of one millisecond have no order.
    for (const name of await readdir(dir)) {
      const second = Number(name.split('-')[2]!.split('.')[0]);
      await utimes(join(dir, name), second, second);
    }
  }
  const payloads = (await readdir(dir)).filter((name) => name.endsWith('.zst')).sort();
  expect(payloads.map((name) => name.slice(-5, -4))).toEqual(['2', '3', '4']);
  expect(quarantine.evictedFiles).toBeGreaterThanOrEqual(1);
});
