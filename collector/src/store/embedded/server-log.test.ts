import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openServerLog } from './server-log.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foretop-log-'));
});
afterEach(() => rm(dir, { recursive: true }));

test('however much is written, two files of bounded size stay', async () => {
  const log = openServerLog(join(dir, 'server.log'));
  const line = `${'x'.repeat(99_999)}\n`;
  for (let count = 0; count < 100; count++) log.write(line);
  const sizes = [(await stat(join(dir, 'server.log'))).size, (await stat(join(dir, 'server.log.1'))).size];
  for (const size of sizes) expect(size).toBeLessThan(2.2 * 2 ** 20);
});

test('a reopened log goes on counting, and an unwritable one keeps its tail', async () => {
  await writeFile(join(dir, 'full.log'), Buffer.alloc(3 << 20));
  openServerLog(join(dir, 'full.log')).write('first\n');
  expect((await stat(join(dir, 'full.log.1'))).size).toBe(3 << 20);
  const lost = openServerLog(join(dir, 'missing/server.log'));
  lost.write('one\ntwo\n');
  for (let count = 0; count < 100; count++) lost.write(`line ${count}\n`);
  expect(lost.tail()).toHaveLength(40);
  expect(lost.tail().at(-1)).toBe('line 99');
});
