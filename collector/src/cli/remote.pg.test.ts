// An operator's command line against a collector and hosts: signing in, lists, a key of one's own, asking and approving.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command, CommandList, Connection, Host, SigningKey } from '@foretop/proto/api';
import { readStatement } from '@foretop/proto/trust';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { answerCommand, answerOffer } from '../../test/commandable.ts';
import { type TestFleet, testFleet, type TestHost } from '../../test/commanded-fleet.ts';
import { foretop } from '../../test/foretop.ts';
import { goodPassword, makeAccount } from '../../test/people.ts';

// Each command is a process that starts Node.
vi.setConfig({ testTimeout: 120_000 });

let fleet: TestFleet;
let host: TestHost;
let pulse: NodeJS.Timeout;
let home: string;
let server: string;
const file = (name: string) => join(home, name);
const own = (name: string) => join(home, '.config', 'foretop', name);
const run = (args: string[], input = '') => foretop(args, { HOME: home }, input);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'foretop-cli-'));
  fleet = await testFleet();
  server = fleet.server.url;
  host = await fleet.host();
  pulse = setInterval(() => host.agent.pulse(), 500);
  await fleet.server.store.db.updateTable('host').set({ name: 'web-1' }).where('host_id', '=', host.hostId).execute();
  await makeAccount(fleet.server, 'ada', 'operator');
  await writeFile(file('password'), `${goodPassword}\n`, { mode: 0o600 });
  await writeFile(file('token'), await fleet.server.token('viewer'), { mode: 0o600 });
  await writeFile(file('passphrase'), 'a long enough phrase\n', { mode: 0o600 });
});
afterAll(async () => {
  clearInterval(pulse);
  await fleet[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

describe('before anybody signed in', () => {
  test('a command says what to do, with exit code 2', async () => {
    const { code, stderr, stdout } = await run(['connections']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^foretop: Nobody is signed in\. Run: foretop sign-in --server URL/);
  });

  test('hosts and connections are listed with a token: tables for people, JSON for programs', async () => {
    const remote = ['--server', server, '--token-file', file('token')];
    const people = await run(['hosts', ...remote]);
    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toMatch(/^ID +NAME +STATUS .*\n\d+ +web-1 +live /);
    const { stdout } = await run(['hosts', ...remote, '--status', 'live', '--json']);
    expect((JSON.parse(stdout) as Host[]).map(({ id }) => id)).toEqual([host.hostId]);
    const connections = await run(['connections', ...remote, '--process', 'nginx', '--json']);
    expect(JSON.parse(connections.stdout) as Connection[]).toMatchObject([{ pid: 4711, remotePort: 50_000 }]);
    expect((await run(['connections', ...remote, '--port', '443'])).stdout).toMatch(
      /web-1 +nginx +4711 +tcp .* 10\.0\.0\.1:443 +192\.0\.2\.7:50000/,
    );
    expect((await run(['connections', ...remote, '--process', 'nothing', '--json'])).stdout).toBe('[]\n');
  });

  test('what the server refuses, a server that is none, and plain http to elsewhere are told apart', async () => {
    const token = ['--token-file', file('token')];
    expect(await run(['connections', '--server', server, ...token, '--state', 'NONE'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('state: '),
    });
    expect(await run(['hosts', '--server', 'http://localhost:1', ...token])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not answer'),
    });
    expect(await run(['hosts', '--server', 'http://foretop.example', ...token])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('https://HOST'),
    });
    await writeFile(file('open-token'), 'ftt_x', { mode: 0o644 });
    expect(await run(['hosts', '--server', server, '--token-file', file('open-token')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('mode 644'),
    });
  });

  test('a name from a host cannot steer the terminal', async () => {
    const rename = (name: string) =>
      fleet.server.store.db.updateTable('host').set({ name }).where('host_id', '=', host.hostId).execute();
    await rename('a\u001b[2Jb\u202ec');
    const { stdout } = await run(['hosts', '--server', server, '--token-file', file('token')]);
    await rename('web-1');
    expect(stdout).toContain(String.raw`a\u{1b}[2Jb\u{202e}c`);
  });
});

describe('an operator', () => {
  let keyId: number;

  test('signs in; the session is private', async () => {
    const wrong = await run(['sign-in', '--server', server, '--name', 'ada'], 'wrong\n');
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    const args = ['sign-in', '--server', server, '--name', 'ada', '--password-file', file('password')];
    expect(await run(args)).toMatchObject({ code: 0, stderr: expect.stringContaining('Signed in as ada (operator)') });
    expect((await stat(own('session.json'))).mode & 0o777).toBe(0o600);
    expect((await run(['hosts'])).stdout).toContain('web-1');
  });

  test('makes a key, which is sealed and registered, and not granted', async () => {
    const { code, stdout, stderr } = await run([
      'approve',
      'keygen',
      '--passphrase-file',
      file('passphrase'),
      '--name',
      'desk',
    ]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('once an administrator has granted it')]);
    const row = await fleet.server.store.db.selectFrom('signing_key').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ thumbprint: stdout.trim(), signer: 'approve', name: 'desk', granted_at: null });
    expect(JSON.parse(await readFile(own('approve-key.json'), 'utf8'))).not.toHaveProperty('d');
    expect(await run(['approve', 'keygen', '--no-passphrase'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('exists already'),
    });
    keyId = row.key_id;
  });

  test('asks, sees what the host offers, confirms by typing, and signs exactly that offer', async () => {
    const admin = await fleet.signIn();
    const grant = { capabilities: ['terminate'], hosts: { ids: [host.agent.identity.thumbprint] } };
    expect((await fleet.ask<SigningKey>('POST', `/trust/keys/${keyId}/grant`, admin, grant)).status).toBe(200);
    const asked = await run(['terminate', 'web-1', '4711']);
    expect(asked).toMatchObject({ code: 0, stderr: expect.stringContaining('waits for a signature') });
    const requestId = asked.stdout.trim();
    const queue = JSON.parse((await run(['approve', '--json'])).stdout) as CommandList['items'];
    expect(queue.map((command) => command.requestId)).toEqual([requestId]);
    expect((await run(['approve'])).stdout).toMatch(new RegExp(`^REQUEST .*\\n${requestId} +web-1 `));

    const approving = run(['approve', requestId, '--passphrase-file', file('passphrase')], 'web-1 4711\n');
    const { offer } = await answerOffer(host.agent);
    const signed = await answerCommand(host.agent, offer);
    const { code, stdout, stderr } = await approving;
    expect([code, stdout]).toEqual([0, 'gone: gone 0.3 s after SIGTERM\n']);
    expect(stderr).toContain(host.agent.identity.thumbprint);
    expect(stderr).toMatch(/End +PID 4711 nginx, user www/);
    expect(stderr).toContain('Restarted by unit nginx.service (Restart=always)');
    const { cnf, thumbprint } = await fleet.server.store.db
      .selectFrom('signing_key')
      .select(['cnf', 'thumbprint'])
      .executeTakeFirstOrThrow();
    const claims = await readStatement('command', signed.statement!, (cnf as { jwk: never }).jwk);
    expect(claims).toMatchObject({ iss: thumbprint, aud: host.agent.identity.thumbprint });
    expect(JSON.parse(await readFile(own('audit-heads.jsonl'), 'utf8'))).toMatchObject({ keeper: 'collector' });
    expect(JSON.parse(await readFile(own('known-hosts.json'), 'utf8'))).toEqual({
      [host.agent.identity.thumbprint]: { name: 'web-1', since: expect.any(String) },
    });
  });

  test('who types something else has signed nothing, and is warned when a name has another key', async () => {
    const known = { [`${'k'.repeat(42)}A`]: { name: 'web-1', since: '2026-01-01T00:00:00Z' } };
    await writeFile(own('known-hosts.json'), JSON.stringify(known), { mode: 0o600 });
    const running = run(
      ['terminate', host.hostId.toString(), '4711', '--sign', '--passphrase-file', file('passphrase')],
      'web-1 4712\n',
    );
    await answerOffer(host.agent);
    const { code, stdout, stderr } = await running;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('WARNING: a host of this name had another key before');
    expect(stderr).toContain('Not confirmed. Nothing was signed.');
    const { body } = await fleet.ask<CommandList>('GET', '/commands?limit=1', await fleet.signIn());
    expect(body.items[0] satisfies Command | undefined).toMatchObject({ status: 'queued', outcome: null });
  });

  test('an outcome that is not what was wanted is a failure, and its words cannot steer the terminal', async () => {
    const args = ['terminate', 'web-1', '4711', '--sign', '--json', '--passphrase-file', file('passphrase')];
    const running = run(args, 'web-1 4711\n');
    const { offer } = await answerOffer(host.agent);
    await answerCommand(host.agent, offer, { outcome: 'respawned', detail: 'respawned as \u001b]0;x\u0007 PID 9' });
    const { code, stdout, stderr } = await running;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'respawned' });
    expect(stdout + stderr).not.toMatch(/[\u001b\u0007]/);
    expect(stderr).toContain('It did not end as wanted: respawned');
  });

  test('what does not exist is said: host, process, request, key', async () => {
    expect(await run(['terminate', 'nowhere', '4711'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no host "nowhere"'),
    });
    expect(await run(['terminate', 'web-1', '1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no process 1'),
    });
    const missing = ['approve', '0'.repeat(32), '--passphrase-file', file('passphrase')];
    expect(await run(missing)).toMatchObject({ code: 1, stdout: '' });
    expect(await run(['approve', '0'.repeat(32), '--key', file('none.json')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('foretop approve keygen'),
    });
  });

  test('does not read the audit; an administrator does, as a table and as JSON', async () => {
    expect(await run(['audit', '--limit', '1'])).toMatchObject({ code: 1, stderr: expect.stringContaining('admin') });
    await writeFile(file('admin-token'), await fleet.server.token('admin'), { mode: 0o600 });
    const as = ['--server', server, '--token-file', file('admin-token'), '--action', 'command.*'];
    const people = await run(['audit', ...as]);
    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toMatch(
      /^ENTRY +AT +WHO +WHAT +HOST +OUTCOME +DETAIL\n\d+ +20[-: \d]+ +account ada +command\./,
    );
    const { stdout } = await run(['audit', ...as, '--limit', '1', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ sequence: expect.any(Number), actor: expect.any(String) }]);
    expect((await run(['audit', 'verify', '--help'])).stdout).toContain('--heads');
  });

  test('signs out: the session is gone here and there', async () => {
    expect(await run(['sign-out'])).toMatchObject({ code: 0 });
    expect((await readdir(join(home, '.config', 'foretop'))).includes('session.json')).toBe(false);
    expect((await run(['hosts'])).code).toBe(2);
  });
});
