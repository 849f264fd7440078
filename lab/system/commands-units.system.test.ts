// What a unit changes: it starts again what was ended, and it tells the real daemon from whoever took its name. Units are made by hand, as control groups.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isRunning, nameOf, openWorld, start, until } from '../../agent/src/trust/test-trust.ts';

const root = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) => existsSync(join(path, 'cgroup.procs')));
const units = '/run/systemd/system';
const missing =
  process.getuid?.() !== 0 || process.platform !== 'linux'
    ? 'making control groups needs root on Linux'
    : root === undefined
      ? 'there is no control group version 2'
      : existsSync(units)
        ? 'systemd runs here, and its slices are its own'
        : undefined;
if (missing) console.warn(`Skipped lab/system/commands-units: ${missing}.`);

describe.skipIf(missing)('a unit', () => {
  test('that starts its process again is foretold, and named afterwards', async () => {
    const unit = `foretop-lab-${process.pid}.service`;
    const group = makeGroup(`system.slice/${unit}`);
    mkdirSync(units, { recursive: true });
    onTestFinished(() => rmSync('/run/systemd/system', { recursive: true, force: true }));
    writeFileSync(join(units, unit), '[Service]\nExecStart=/bin/sleep 1000\nRestart=always\n');
    // What systemd would be: somebody else than the parent starts the next one, in the same control group.
    const world = await openWorld();
    const first = await start('sleep', ['1000']);
    enter(group, first.pid!);
    const offered = await world.offer({ terminate: { pid: first.pid! } });
    expect(offered.claims.preview).toMatchObject({ unit, restartedBy: `unit ${unit} (Restart=always)` });
    const command = world.command(offered, { statement: await world.sign(offered) });
    await until('its end', () => !isRunning(first) || undefined);
    const outer = spawn(
      'sh',
      ['-c', `echo $$ > ${group}/cgroup.procs; sleep 1000 & echo $! > ${group}/cgroup.procs; wait`],
      { stdio: 'ignore' },
    );
    onTestFinished(() => endGroup(group, outer.pid!));
    const { outcome, detail } = await command;
    expect(outcome).toBe('respawned');
    const next = membersOf(group).find((pid) => nameOf(pid) === 'sleep');
    expect(detail).toContain(`respawned as PID ${next} by ${unit}`);
  });

  test('of sshd protects what root has put there, and not what a user has, nor the same outside', async () => {
    const group = makeGroup('system.slice/ssh.service');
    const folder = mkdtempSync(join(tmpdir(), 'foretop-sshd-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'sshd');
    copyFileSync('/bin/sleep', program);
    const world = await openWorld();
    const [inside, outside] = [await start(program, ['1000']), await start(program, ['1000'])];
    enter(group, inside.pid!);
    const sleeping = await start('sleep', ['1000']);
    enter(group, sleeping.pid!);
    expect((await world.ask({ terminate: { pid: inside.pid! } })).refusal).toMatchObject({ code: 'protected' });
    expect((await world.terminate(outside.pid!)).outcome).toBe('gone');
    expect((await world.terminate(sleeping.pid!)).outcome, 'what sshd started is not sshd').toBe('gone');
    inside.kill('SIGKILL');
  });
});

/** Removed after the test, when nobody is in it any more. */
function makeGroup(path: string): string {
  const group = join(root!, path);
  mkdirSync(group, { recursive: true });
  onTestFinished(async () => {
    await until('the control group to be empty', () => membersOf(group).length === 0 || undefined);
    rmdirSync(group);
    rmdirSync(join(group, '..'));
  });
  return group;
}

const enter = (group: string, pid: number) => writeFileSync(join(group, 'cgroup.procs'), String(pid));
const membersOf = (group: string) =>
  readFileSync(join(group, 'cgroup.procs'), 'utf8').trim().split('\n').filter(Boolean).map(Number);

function endGroup(group: string, shell: number): void {
  for (const pid of membersOf(group)) process.kill(pid, 'SIGKILL');
  try {
    process.kill(shell, 'SIGKILL');
  } catch {
    return; // It has ended with its child.
  }
}
