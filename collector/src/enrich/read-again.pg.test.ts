// SIGHUP, as a job that brings a new database of places sends it: files are read again, and the collector goes on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { testDatabase } from '../../test/postgres.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' ? address!.port : 0;
}

test('SIGHUP makes the collector read its files again, and never ends it', { timeout: 60_000 }, async () => {
  await using database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'foretop-hangup-'));
  const args = ['serve', '--no-open', '--port', String(await freePort()), '--data', folder];
  const env = { PATH: process.env['PATH'], HOME: folder, DATABASE_URL: database.url };
  const collector = spawn(process.execPath, [main, ...args, '--places-city', 'none', '--places-asn', 'none'], { env });
  const ended = once(collector, 'exit');
  try {
    let output = '';
    for (const stream of [collector.stdout, collector.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const says = (text: string) => vi.waitFor(() => expect(output).toContain(text), { timeout: 30_000, interval: 50 });
    // Before there is anything to read again.
    await says('Listening on');
    collector.kill('SIGHUP');
    await says('Foretop is ready');
    for (let turn = 1; turn <= 3; turn++) collector.kill('SIGHUP');
    await says('"event":"enrichment-read-again"');
    expect(collector.exitCode).toBeNull();
    collector.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  } finally {
    collector.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});
