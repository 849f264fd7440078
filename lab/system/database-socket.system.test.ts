// Another user of the collector's machine, at the database: no way to its socket, none to its password, none to the keys.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, type RunningCollector, startCollector, temporaryFolder } from '../harness/foretop.ts';

const missing =
  process.platform !== 'linux' || process.getuid?.() !== 0 ? 'becoming another user takes root on Linux' : undefined;
if (missing) console.warn(`Skipped lab/system/database-socket: ${missing}.`);

/** The user `nobody`. */
const uid = 65_534;
const stack = new AsyncDisposableStack();
let collector: RunningCollector;
beforeAll(async () => {
  if (missing) return;
  const folder = stack.use(await temporaryFolder('database-socket'));
  collector = stack.use(await startCollector(`${folder.path}/data`, await freePort()));
});
afterAll(() => stack.disposeAsync());

/** What the system says to a program of that user; "let in" when it lets it. */
function tries(script: string): string {
  const program = `const done = (error) => { console.log(error?.code ?? 'let in'); process.exit(); };
    const act = (work) => { try { work(); done(); } catch (error) { done(error); } };
    ${script}`;
  return execFileSync(process.execPath, ['-e', program], { uid, gid: uid, cwd: '/', encoding: 'utf8' }).trim();
}

/** Paths of the sockets that Postgres listens on, of this collector. */
function sockets(): string[] {
  const postmaster = readFileSync(join(collector.dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n');
  const folder = postmaster[4]!;
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(/\s+/)[7] ?? [])
    .filter((path) => path.startsWith(`${folder}/.s.PGSQL.`));
}

describe.skipIf(missing)('another user of this machine', () => {
  test('does not reach the socket of the database', () => {
    const [path] = [...new Set(sockets())];
    expect(path).toBeTruthy();
    const connect = `require('net').connect(${JSON.stringify(path)}, done).on('error', done)`;
    expect(tries(connect)).toBe('EACCES');
    expect(tries(`act(() => require('fs').readdirSync(${JSON.stringify(dirname(path!))}))`)).toBe('EACCES');
  });

  test.each([
    'postgres/credentials.json',
    'postgres/data/PG_VERSION',
    'owner-key.json',
    'recovery-key.json',
    'collector-key.pem',
  ])('cannot read %s', (name) => {
    const path = JSON.stringify(join(collector.dataDir, name));
    expect(readFileSync(join(collector.dataDir, name)).length, 'it is there').toBeGreaterThan(0);
    expect(tries(`act(() => require('fs').readFileSync(${path}))`)).toBe('EACCES');
  });
});
