// Who may send: tokens that are wrong, expired or used, a key that was copied to a second machine, a host that was revoked. The agent says it in words.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, writeFileSync } from 'node:fs';
import type { Host, List } from '@foretop/proto/api';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../collector/src/store/database.ts';
import type { Child, ChildOptions } from '../harness/child.ts';
import { run } from '../harness/child.ts';
import { createEnrolToken, eventually, startAgent } from '../harness/foretop.ts';
import { type Lab, startLab } from '../harness/lab.ts';

const refused = 3;
const makeNew = /foretop enrol-token create/;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab('original');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

test('a token that this collector never made', async () => {
  const token = changed(await createEnrolToken(lab.dataDir), (content) => ({ ...content, s: 'A'.repeat(43) }));
  await expectRefusal(agent('unknown', { token }), /not known to this collector/, makeNew);
});

test('a token of another collector', async () => {
  const token = changed(await createEnrolToken(lab.dataDir), (content) => ({ ...content, c: 'somebody-else' }));
  await expectRefusal(agent('elsewhere', { token }), /collector is not the one/i);
});

test('a token that has expired', async () => {
  const token = await createEnrolToken(lab.dataDir);
  await using store = await openStore({ dataDir: lab.dataDir, role: 'command', log: pino({ level: 'silent' }) });
  const hash = createHash('sha256').update(token).digest();
  const { numUpdatedRows } = await store.db
    .updateTable('enrol_token')
    .set({ expires_at: new Date(Date.now() - 1_000) })
    .where('token_hash', '=', hash)
    .executeTakeFirst();
  expect(numUpdatedRows).toBe(1n);
  await expectRefusal(agent('late', { token }), /expired/, makeNew);
});

test('a token that was used', async () => {
  const token = await createEnrolToken(lab.dataDir);
  await using first = agent('first', { token });
  await hostNamed('first', 'live');
  await expectRefusal(agent('second', { token }), /used before/, makeNew);
  expect(first.running).toBe(true);
  expect((await hosts()).map((host) => host.name)).not.toContain('second');
});

test('text that is no token, and no token at all', async () => {
  await using garbage = agent('garbage', { token: '<img src=x>' });
  expect(await garbage.exited(), garbage.output).toBe(2);
  expect(garbage.output).toMatch(/token/);
  await using none = agent('none', {});
  expect(await none.exited(), none.output).toBeGreaterThan(0);
  expect(none.output).toMatch(/token/);
  for (const { output } of [garbage, none]) expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
});

test.skipIf(process.getuid?.() !== 0)(
  'a key copied to a second machine is refused there, and the original stays (needs root, for another machine id)',
  async ({ skip }) => {
    const folder = lab.agentDir.replace(/agent$/, 'clone');
    const machineId = `${folder}-machine-id`;
    cpSync(lab.agentDir, folder, { recursive: true });
    writeFileSync(machineId, `${'0123456789abcdef'.repeat(2)}\n`);
    const mount = `mount --bind ${machineId} /etc/machine-id`;
    try {
      execFileSync('unshare', ['--mount', 'sh', '-c', mount], { stdio: 'pipe' });
    } catch (error) {
      skip(`this machine cannot be given a second id: ${String(error)}`);
    }
    const prefix = ['unshare', '--mount', 'sh', '-c', `${mount} && exec "$@"`, 'sh'];
    await expectRefusal(startAgent(lab.collector.url, folder, 'clone', { prefix }), /second machine/);
    expect(lab.agent.running).toBe(true);
    const [original] = (await hosts()).filter((host) => host.id === lab.host.id);
    expect(original).toMatchObject({ name: 'original', status: 'live' });
  },
);

test('revoking a host by the command line cuts its connection; it says why, ends, and is refused from then on', async () => {
  const folder = lab.agentDir.replace(/agent$/, 'revoked');
  const token = await createEnrolToken(lab.dataDir);
  await using live = startAgent(lab.collector.url, folder, 'to-be-revoked', { token });
  const host = await hostNamed('to-be-revoked', 'live');
  const startedMs = Date.now();
  await run(['collector/src/main.ts', 'hosts', 'revoke', `${host.id}`, '--data', lab.dataDir]);
  await expectRefusal(live, /revoked/);
  expect(Date.now() - startedMs).toBeLessThan(15_000);
  await expectRefusal(startAgent(lab.collector.url, folder, 'to-be-revoked'), /revoked/);
  expect((await hosts()).find(({ id }) => id === host.id)?.status).not.toBe('live');
  expect((await hosts()).find(({ id }) => id === lab.host.id)?.status, 'nobody else is touched').toBe('live');
});

function agent(name: string, options: ChildOptions & { token?: string }): Child {
  return startAgent(lab.collector.url, lab.agentDir.replace(/agent$/, name), name, options);
}

/** It ends by itself, with the code that means "only a person can mend this", and says these words. */
async function expectRefusal(child: Child, ...words: RegExp[]): Promise<void> {
  await using _ = child;
  const timer = setTimeout(() => void child.kill(), 30_000);
  expect(await child.exited(), child.output).toBe(refused);
  clearTimeout(timer);
  const said = child.output.split('\n').filter((line) => line.startsWith('foretop-agent: '));
  for (const word of words) expect(said.join('\n')).toMatch(word);
}

async function hosts(): Promise<Host[]> {
  return (await lab.get<List<Host>>('/api/v1/hosts')).items;
}

function hostNamed(name: string, status: Host['status']): Promise<Host> {
  return eventually(`${name} to be ${status}`, async () =>
    (await hosts()).find((host) => host.name === name && host.status === status),
  );
}

function changed(token: string, change: (content: Record<string, unknown>) => Record<string, unknown>): string {
  const content = JSON.parse(Buffer.from(token.slice('fte1_'.length), 'base64url').toString()) as Record<
    string,
    unknown
  >;
  return `fte1_${Buffer.from(JSON.stringify(change(content))).toString('base64url')}`;
}
