// Ending real processes that comply, that do not, that come back, and that have children.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { HostError } from '../host/host-error.ts';
import { openLinuxTargets } from '../host/targets.linux.ts';
import type { HeldProcess, TargetHost } from '../host/targets.ts';
import { terminate } from './terminate.ts';
import { isRunning, linuxMissing, nameOf, openWorld, start, until } from './test-trust.ts';

if (linuxMissing) console.warn(`Skipped agent/src/trust/terminate: ${linuxMissing}.`);

const deaf = ['-c', 'trap "" TERM; exec sleep 1000'];

describe.skipIf(linuxMissing)('ending a process', () => {
  test('that ignores SIGTERM takes SIGKILL after a while, and says so', async () => {
    const world = await openWorld();
    const target = await start('sh', deaf, 'sleep');
    const receipt = await world.terminate(target.pid!);
    expect(receipt).toMatchObject({ outcome: 'gone', code: '' });
    expect(receipt.detail).toMatch(/^gone 1\.\d s after SIGTERM, by SIGKILL$/);
    const pid = target.pid;
    const said = world.answers.flatMap(({ progress }) => progress?.text ?? []);
    expect(said).toEqual([`SIGTERM sent to PID ${pid} (sleep).`, `SIGKILL sent to PID ${pid} (sleep).`]);
  });

  test('that its parent starts again is reported with the new PID', async () => {
    const world = await openWorld();
    const parent = await start('sh', ['-c', 'while :; do sleep 1000; done']);
    const pid = await until('the child', () => childrenOf(parent.pid!, 'sleep')[0]);
    const receipt = await world.terminate(pid);
    expect(receipt.outcome).toBe('respawned');
    const next = childrenOf(parent.pid!, 'sleep')[0]!;
    expect(next).not.toBe(pid);
    expect(receipt.detail).toContain(`respawned as PID ${next} by its parent, PID ${parent.pid}`);
    parent.kill('SIGKILL');
    process.kill(next, 'SIGKILL');
  });

  test('whose neighbour runs the same program is not taken for one that came back', async () => {
    const world = await openWorld();
    await start('sleep', ['1000']);
    const target = await start('sleep', ['1000']);
    expect((await world.terminate(target.pid!)).outcome).toBe('gone');
  });

  test('that turns into another program on SIGTERM gets no SIGKILL', async () => {
    const world = await openWorld();
    const target = await start('sh', ['-c', 'trap "exec sleep 1000" TERM; while :; do sleep 0.02; done']);
    const receipt = await world.terminate(target.pid!);
    expect(receipt).toMatchObject({ outcome: 'still-there', code: 'process-changed' });
    expect(receipt.detail).toMatch(/runs another program since the offer and got no SIGKILL/);
    expect([isRunning(target), nameOf(target.pid!)]).toEqual([true, 'sleep']);
  });

  test('with all that descend from it ends each of them, as the offer named them', async () => {
    const world = await openWorld();
    const root = await start('sh', ['-c', 'sh -c "sleep 1000 & wait" & sleep 1000 & wait']);
    const members = await until('its descendants', () => {
      const children = childrenOf(root.pid!);
      const all = [...children, ...children.flatMap((pid) => childrenOf(pid, 'sleep'))];
      return all.length === 3 ? all : undefined;
    });
    const alone = await world.offer({ terminate: { pid: root.pid! } });
    expect(alone.claims.preview).toMatchObject({ childCount: 3 });
    const offered = await world.offer({ terminate: { pid: root.pid!, tree: true } });
    const { action, preview } = offered.claims;
    expect(preview.childCount).toBe(0);
    expect(action.kind === 'terminate' && action.tree.map(({ pid }) => pid).toSorted()).toEqual(members.toSorted());
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'gone' });
    expect(receipt.detail).toMatch(/^4 processes gone/);
    expect(members.map(nameOf)).toEqual(['', '', '']);
  });

  test('a child that came after the offer is left alone, and named', async () => {
    const world = await openWorld();
    const root = await start('sh', ['-c', 'sleep 1000 & read line; sleep 1001 & wait']);
    await until('the first child', () => childrenOf(root.pid!, 'sleep')[0]);
    const offered = await world.offer({ terminate: { pid: root.pid!, tree: true } });
    root.stdin!.write('go\n');
    const late = await until('the second child', () =>
      childrenOf(root.pid!, 'sleep').find((pid) => argumentOf(pid) === '1001'),
    );
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt.detail).toContain('1 that started since the offer were left alone');
    expect(nameOf(late)).toBe('sleep');
    process.kill(late, 'SIGKILL');
  });

  test('a tree with a protected member is refused as a whole', async () => {
    const world = await openWorld();
    const { refusal } = await world.ask({ terminate: { pid: process.ppid, tree: true } });
    expect(refusal?.code).toBe('protected');
  });

  test('that this user may not signal ends in failure, in the words of the kernel', async () => {
    const host: TargetHost = openLinuxTargets();
    const target = await start('sleep', ['1000']);
    using held = (await host.hold(target.pid!))!;
    const denied: HeldProcess = {
      evidence: held.evidence,
      mark: () => held.mark(),
      hasEnded: () => held.hasEnded(),
      signal() {
        throw new HostError('system-call', 'Sending signal 15 failed with EPERM', { retryable: false, errno: 'EPERM' });
      },
      [Symbol.dispose]: () => undefined,
    };
    const ending = await terminate({ host, processes: [denied], restartsAreKnown: false, say: () => undefined });
    expect(ending).toMatchObject({ outcome: 'failed', code: '', detail: expect.stringContaining('EPERM') as string });
    expect(isRunning(target)).toBe(true);
  });
});

function childrenOf(pid: number, name?: string): number[] {
  const children = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
  return name === undefined ? children : children.filter((child) => nameOf(child) === name);
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1]);
  } catch {
    return 0;
  }
}

const argumentOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1];
