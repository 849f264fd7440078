import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { ethernet, ipv4, pcapFile, tcp } from '../../../test/packets.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'foretop-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

const packets = Array.from({ length: 20_000 }, (_, index) => ({
  bytes: ethernet(0x0800, ipv4(6, tcp({ flags: 2, clientPort: 1 + index }))),
  timeUs: 1e15 + index,
}));
const file = join(folder, 'many.pcap');
writeFileSync(file, pcapFile(packets));

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** @param takes bytes of output before it is closed, as `head` does. */
function run(args: string[], input = '', takes = Infinity): Promise<Run> {
  const { promise, resolve } = Promise.withResolvers<Run>();
  const child = spawn(process.execPath, [main, 'replay', ...args]);
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => {
    out.stdout += String(data);
    if (out.stdout.length >= takes) child.stdout.destroy();
  });
  child.stderr.on('data', (data: Buffer) => (out.stderr += String(data)));
  child.on('close', (code) => resolve({ code, ...out }));
  child.stdin.on('error', () => {}); // it need not read all
  child.stdin.end(input === '' ? undefined : Buffer.from(input, 'latin1'));
  return promise;
}

test('JSON lines of a file, and a table of standard input', async () => {
  const json = await run([file, '--json']);
  expect([json.code, json.stderr]).toEqual([0, '']);
  const lines = json.stdout.trimEnd().split('\n');
  expect(lines.length).toBe(20_000);
  expect(JSON.parse(lines[0]!)).toMatchObject({ kind: 'connection', state: 'attempted', server: { port: 443 } });

  const table = await run(['-'], Buffer.from(pcapFile(packets.slice(0, 3))).toString('latin1'));
  expect([table.code, table.stderr]).toEqual([0, '']);
  expect(table.stdout).toMatch(/^TIME +KIND +FROM +TO +WHAT\n2001-09-09T01:46:40\.000000Z tcp +10\.0\.0\.1:1 /);
});

test('whoever reads the output may stop early', async () => {
  const { code, stderr } = await run([file, '--json'], '', 1_000);
  expect([code, stderr]).toEqual([0, '']);
});

test('a file that is cut short is read as far as it goes', async () => {
  const cut = join(folder, 'cut.pcap');
  writeFileSync(cut, pcapFile(packets.slice(0, 2)).subarray(0, -5));
  const { code, stdout } = await run([cut, '--json']);
  expect(code).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).kind),
  ).toEqual(['connection', 'error']);
});

test.each([
  ['no capture', main, 2, 'cannot be replayed. It is neither'],
  ['no file', join(folder, 'missing'), 1, 'ENOENT'],
  ['a folder', folder, 1, 'EISDIR'],
  ['an empty file', '/dev/null', 2, 'too short'],
])('%s', async (_, path, code, message) => {
  const result = await run([path]);
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
});
