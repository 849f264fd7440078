// A collector in the attacker's hands, against a real agent: without the owner key it ends nothing; with it, no more than the host's file allows.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { signStatement } from '@foretop/proto/trust';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isRunning, nameOf, start, until } from '../../agent/src/trust/test-trust.ts';
import { HostileCollector } from '../faults/hostile-collector.ts';
import { run } from '../harness/child.ts';
import { agentMain, eventually } from '../harness/foretop.ts';

const missing = process.platform === 'linux' ? undefined : 'processes are held by pidfd, which only Linux has';
if (missing) console.warn(`Skipped lab/system/commands-hostile-collector: ${missing}.`);

const sleeping = () => start('sleep', ['1000']);
const allowing = '{"allow":"terminate","signer":"browser"}';

describe.skipIf(missing)('the owner key is offline', () => {
  let hostile: HostileCollector;
  beforeAll(async () => {
    hostile = await HostileCollector.start(allowing);
  });
  afterAll(() => hostile[Symbol.asyncDispose]());

  test('rosters and owners of its own making are refused, so nobody may sign', async () => {
    const { attacker, owner } = hostile;
    const target = await sleeping();
    await hostile.update(await hostile.roster(attacker, attacker));
    await hostile.update(await hostile.roster({ ...attacker, thumbprint: owner.thumbprint }, attacker));
    await hostile.update('', [
      await hostile.ownerChange(attacker, attacker),
      await hostile.ownerChange({ ...attacker, thumbprint: hostile.recovery.thumbprint }, attacker),
    ]);
    await hostile.update(await hostile.roster(attacker, attacker));
    expect(await hostile.terminate(target.pid!, attacker)).toBe('not offered: no-roster');
    expect(await hostile.command(randomBytes(16), await signedByNobody(hostile))).toMatchObject({ code: 'no-roster' });
    expect(isRunning(target)).toBe(true);
  });

  test('an owner key that names its own successor is refused', async () => {
    const target = await sleeping();
    await hostile.update('', [await hostile.ownerChange(hostile.owner, hostile.attacker)]);
    await hostile.update(await hostile.roster(hostile.attacker, hostile.attacker));
    expect(await hostile.terminate(target.pid!, hostile.attacker)).toBe('not offered: no-roster');
  });

  test('with the roster of the real owner it can ask, and sign nothing', async () => {
    const { owner, operator, attacker } = hostile;
    const target = await sleeping();
    await hostile.update(await hostile.roster(owner, operator));
    expect(await hostile.terminate(target.pid!, attacker)).toBe('refused: unknown-signer');
    expect(await hostile.terminate(target.pid!, { ...attacker, thumbprint: operator.thumbprint })).toBe(
      'refused: signature-invalid',
    );
    expect(isRunning(target)).toBe(true);
  });

  test('a signature of the real operator ends the one process that it was for, once', async () => {
    const [target, other] = [await sleeping(), await sleeping()];
    const meant = await hostile.ask({ terminate: { pid: target.pid! } });
    const elsewhere = await hostile.ask({ terminate: { pid: other.pid! } });
    const statement = await hostile.sign(meant.offer!, hostile.operator);
    expect(await hostile.command(elsewhere.requestId!, statement)).toMatchObject({ code: 'signature-invalid' });
    expect(await hostile.command(meant.requestId!, statement)).toMatchObject({ outcome: 'gone' });
    expect(await hostile.command(meant.requestId!, statement)).toMatchObject({ code: 'offer-unknown' });
    expect([isRunning(target), isRunning(other)]).toEqual([false, true]);
  });

  test('the host tells all of it afterwards, without any collector', async () => {
    const data = ['--data', `${hostile.folder}/agent`];
    const shown = await run([agentMain, 'audit', 'show', '-n', '500', ...data]);
    for (const event of [
      'pinned',
      'roster-refused',
      'owner-refused',
      'roster-accepted',
      'command-refused',
      'command-ended',
    ])
      expect(shown).toContain(event);
    const heads = hostile.fake.frames.flatMap(({ auditHead }) => auditHead?.head ?? []).join('\n');
    expect(await run([agentMain, 'audit', 'verify', '--heads', '-', ...data], { input: heads })).toMatch(
      /^✓ .* unbroken; [1-9]/,
    );
    const status = await run([agentMain, 'status', ...data]);
    expect(status).toMatch(/^Ceiling\s+terminate \(.*ceiling\.json\)$/m);
    expect(status).toContain(hostile.owner.thumbprint);
    expect(status).toMatch(/^Roster\s+serial \d+, until 20/m);
  });
});

describe.skipIf(missing)('the owner key is online, so the attacker has it', () => {
  let hostile: HostileCollector;
  beforeAll(async () => {
    hostile = await HostileCollector.start('{"allow":"capture-payload"}');
    await hostile.update(await hostile.roster(hostile.owner, hostile.attacker));
  });
  afterAll(() => hostile[Symbol.asyncDispose]());

  test('the ceiling holds', async () => {
    const target = await sleeping();
    expect(await hostile.terminate(target.pid!, hostile.attacker)).toBe('not offered: not-allowed');
    expect(isRunning(target)).toBe(true);
  });

  test('what is protected stays, and three others a minute go', async () => {
    await hostile.setCeiling(allowing);
    const { attacker, agent } = hostile;
    for (const pid of [1, agent.pid]) expect(await hostile.terminate(pid, attacker)).toBe('not offered: protected');
    const targets = await Promise.all([1, 2, 3, 4].map(sleeping));
    const outcomes = [];
    for (const { pid } of targets) outcomes.push(await hostile.terminate(pid!, attacker));
    expect(outcomes).toEqual(['gone', 'gone', 'gone', 'refused: too-many']);
    expect(agent.running).toBe(true);
  });

  test('a flood costs this connection at most', async () => {
    const before = residentBytes(hostile.agent.pid);
    const connections = hostile.fake.connections.length;
    const statement = await signedByNobody(hostile);
    const roster = await hostile.roster(hostile.attacker, hostile.attacker);
    for (let i = 0; i < 3_000; i++) {
      hostile.send({ command: { requestId: randomBytes(16), statement } });
      hostile.send({ offerRequest: { requestId: randomBytes(16), terminate: { pid: hostile.agent.pid } } });
      if (i % 10 === 0) hostile.send({ trust: { roster: `${roster}${i}` } });
      hostile.send({ auditHead: { head: statement } });
      if (i % 100 === 0) await sleep(1);
    }
    const pulses = () => hostile.fake.frames.filter(({ pulse }) => pulse).length;
    const counted = pulses();
    await eventually('the agent to go on', async () => (pulses() > counted + 2 ? true : undefined), 20_000);
    expect(hostile.fake.connections.length, 'the connection stands').toBe(connections);
    expect(residentBytes(hostile.agent.pid) - before).toBeLessThan(64 << 20);
    const audit = readFileSync(`${hostile.folder}/agent/audit.log`, 'utf8').trim().split('\n');
    expect(audit.length).toBeLessThan(120);
  });
});

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('Skipped "an agent without rights": starting one as another user takes root.');

describe.skipIf(missing !== undefined || !isRoot)('an agent without rights', () => {
  test('ends what its own user runs, and nothing else', async () => {
    await using hostile = await HostileCollector.start(allowing, nobody);
    await hostile.update(await hostile.roster(hostile.owner, hostile.operator));
    const others = await sleeping();
    expect(await hostile.terminate(others.pid!, hostile.operator)).toBe('not offered: not-supported');
    const own = spawn('sleep', ['1000'], { uid: nobody, gid: nobody, stdio: 'ignore' });
    onTestFinished(() => void own.kill('SIGKILL'));
    await until('it to run', () => nameOf(own.pid!) === 'sleep' || undefined);
    expect(await hostile.terminate(own.pid!, hostile.operator)).toBe('gone');
    expect(isRunning(others)).toBe(true);
  });
});

/** Of a key and for an offer that there never were. */
async function signedByNobody(hostile: HostileCollector): Promise<string> {
  const { attacker } = hostile;
  const claims = {
    iss: attacker.thumbprint,
    aud: (await hostile.host()).thumbprint,
    digest: randomBytes(32).toString('base64url'),
  };
  return signStatement('command', claims, attacker.privateKey, attacker.thumbprint);
}

const residentBytes = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
