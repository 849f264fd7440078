// The command line as a process: help, wrong use, readable failures, exit codes; through the shim that npx calls.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foretop } from '../test/foretop.ts';

test('help names the commands, the variables and the exit codes', async () => {
  const { code, stdout } = await foretop(['--help']);
  expect(code).toBe(0);
  for (const word of [
    'serve',
    'token',
    'enrol-token',
    'hosts',
    'connections',
    'terminate',
    'approve',
    'owner',
    'login-link',
    'FORETOP_DATA',
    'DATABASE_URL',
    'Exit codes',
  ])
    expect(stdout).toContain(word);
});

test.each([
  [['serve', '--prot', '1'], {}, /unknown option '--prot'.*--port/s],
  [['token', 'create'], {}, /required option '--role <role>'/],
  [['token', 'create', '--role', 'king'], {}, /Allowed choices are viewer, operator, admin/],
  [['hosts', 'revoke', 'three'], {}, /A number from 1/],
  [['serve', '--port', '70000'], {}, /--port is "70000"/],
  [['hosts', 'list'], { DATABASE_URL: 'mysql://x', FORETOP_PORT: 'y' }, /2 faults/],
])('wrong use %j exits with 2 and says what is wrong', async (args, environment, message) => {
  const { code, stderr, stdout } = await foretop(args, environment as Record<string, string>);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

test.each([
  [['serve', '--set=PGPASSWORD=hunter2'], {}],
  [['serve', "--database-url=postgres://me:hunter2@host/it's"], {}],
  [['hosts', 'list', '--password=hunter2\nhunter2'], {}],
  [['serve'], { DATABASE_URL: 'mysql://me:hunter2@host/db' }],
  [['serve', '--port', 'postgres://me:hunter2@host'], {}],
])('a secret in the wrong place is not repeated: %j', async (args, environment) => {
  const { code, stderr } = await foretop(args, environment as Record<string, string>);
  expect(code).toBe(2);
  expect(stderr).toMatch(/unknown option '--[\w-]+=…'|is not a URL|--port is/);
  expect(stderr).not.toContain('hunter2');
});

test('an expected failure exits with 1 and one readable message', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foretop-main-'));
  const file = join(folder, 'file');
  await writeFile(file, '');
  const { code, stderr } = await foretop(['hosts', 'list', '--data', file]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^foretop: /);
  expect(stderr).toContain(file);
  expect(stderr).not.toMatch(/\n\s+at /);
  await rm(folder, { recursive: true });
});

test('--print-config prints what would be in effect, of flags, variables and file, and starts nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foretop-main-'));
  await writeFile(join(folder, 'foretop.json'), '{ "retention": { "gaps": 7 } }');
  const args = ['serve', '--print-config', '--data', folder, '--retention-connections', '2'];
  const secret = 'postgres://me:hunter2@localhost/db';
  const { code, stdout, stderr } = await foretop(args, { FORETOP_MAX_DISK: '20GB', DATABASE_URL: secret });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/"max-disk": "20GB", +\/\/ FORETOP_MAX_DISK\n/);
  expect(stdout).toMatch(/"connections": 2, +\/\/ --retention-connections\n/);
  expect(stdout).toMatch(/"gaps": 7, +\/\/ .*foretop\.json, line 1\n/);
  expect(stdout).not.toContain('hunter2');
  expect(await readdir(folder)).toEqual(['foretop.json']);
  await rm(folder, { recursive: true });
});
