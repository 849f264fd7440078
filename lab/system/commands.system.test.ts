// Commands where the kernel matters: numbers that are given again, namespaces, and daemons that are the real ones.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isRunning, nameOf, openWorld, start, until, type World } from '../../agent/src/trust/test-trust.ts';
import { HostileCollector } from '../faults/hostile-collector.ts';
import { repository } from '../harness/child.ts';
import { makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';

const missing =
  process.platform === 'linux' ? namespacesMissing() : 'processes are held by pidfd, which only Linux has';
if (missing) console.warn(`Skipped lab/system/commands: ${missing}.`);

const lastPid = '/proc/sys/kernel/ns_last_pid';

describe.skipIf(missing)('commands and the kernel', () => {
  test('a PID that was given again is not the process that was offered', async () => {
    const world = await openWorld();
    const { offered, pid } = await offerWhosePidIsGivenAgain(world);
    const receipt = await world.command(offered, { statement: await world.sign(offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'no-such-process' });
    expect(nameOf(pid)).toBe('sleep');
  });

  test('an agent knows whether /proc shows the numbers by which it holds processes', () => {
    const program = `import { openLinuxTargets } from '${repository}agent/src/host/targets.linux.ts';
      console.log(openLinuxTargets().blindness());`;
    const blindness = (...args: string[]) =>
      execFileSync('unshare', [...args, process.execPath, '--input-type=module', '-e', program], {
        encoding: 'utf8',
      }).trim();
    expect(blindness('--mount'), 'mounts of its own change nothing').toBe('');
    expect(blindness('--pid', '--fork', '--mount-proc'), 'a container’s').toBe('');
    expect(blindness('--pid', '--fork'), 'the /proc of the host around').toMatch(/of another PID namespace/);
  });

  test('an agent in a PID namespace of its own ends what it sees there, and nothing of the host around it', async () => {
    const { container, first, target } = await startContainer('sleep');
    const outside = await start('sleep', ['1000']);
    const enter = ['nsenter', `--target=${first}`, '--pid', '--mount', '--', 'env', `--chdir=${repository}`];
    await using hostile = await HostileCollector.start('{"allow":"terminate","signer":"browser"}', undefined, enter);
    // Before it, which waits for an agent that only ends with its namespace.
    using end = new DisposableStack();
    end.defer(() => container.kill('SIGKILL'));
    const { operator } = hostile;
    await hostile.update(await hostile.roster(hostile.owner, operator));
    expect(await hostile.terminate(outside.pid!, operator), 'by its number on the host').toBe(
      'not offered: no-such-process',
    );
    expect(await hostile.terminate(1, operator), 'what the container runs on').toBe('not offered: protected');
    expect(await hostile.terminate(2, operator), 'by its number in there').toBe('gone');
    expect([nameOf(target), nameOf(outside.pid!), nameOf(first)]).toEqual(['', 'sleep', 'sleep']);
  });

  test('a connection in another network namespace is found and cut there', async () => {
    using namespace = makeNamespace('cut');
    const world = await openWorld();
    const folder = mkdtempSync(join(tmpdir(), 'foretop-cut-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const told = join(folder, 'told');
    const program = `const net = require('net'), fs = require('fs');
      const server = net.createServer((s) => s.on('error', () => {})).listen(0, '127.0.0.1', () => {
        const s = net.connect(server.address().port, '127.0.0.1', () => fs.writeFileSync('${told}', s.localPort + ' ' + server.address().port));
        s.on('error', (e) => fs.writeFileSync('${told}.end', e.code));
      });`;
    const child = spawn('ip', ['netns', 'exec', namespace.name, process.execPath, '-e', program], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [localPort, remotePort] = (await until('its ports', () => readIfThere(told))).split(' ').map(Number);
    const address = new Uint8Array([127, 0, 0, 1]);
    const ends = {
      protocol: 6,
      localAddress: address,
      remoteAddress: address,
      localPort: localPort!,
      remotePort: remotePort!,
    };
    const offered = await world.offer({ closeConnection: ends });
    expect(offered.claims.action).toMatchObject({ process: { pid: child.pid } });
    expect(await world.command(offered, { statement: await world.sign(offered) })).toMatchObject({ outcome: 'closed' });
    expect(await until('what its program was told', () => readIfThere(`${told}.end`))).toMatch(/ECONN(ABORTED|RESET)/);
    expect(isRunning(child)).toBe(true);
  });

  test('the preview names connections, also in another network namespace, and who started it', async () => {
    using namespace = makeNamespace('see');
    const world = await openWorld();
    const program = `const net = require('net');
      const server = net.createServer().listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1'));`;
    const child = spawn('ip', ['netns', 'exec', namespace.name, process.execPath, '-e', program], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const preview = await connectedPreview(world, child.pid!);
    expect(preview).toMatchObject({ parent: { pid: process.pid }, connectionCount: 2 });
    expect(
      preview.connections.every(({ protocol, remote }) => protocol === 'tcp' && /^127\.0\.0\.1:\d+$/.test(remote)),
    ).toBe(true);
    expect(preview.restartChecked.join('\n')).toMatch(/systemd: .*\ncontainer: in none\ncron: \d+ files/);
  });

  const bus = '/usr/bin/dbus-daemon';
  test.skipIf(!existsSync(bus))(`the host’s own ${bus} is protected, a copy of it is not`, async () => {
    const world = await openWorld();
    const folder = mkdtempSync(join(tmpdir(), 'foretop-bus-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const config = join(folder, 'bus.conf');
    writeFileSync(
      config,
      `<busconfig><type>session</type><listen>unix:path=${folder}/bus</listen><policy context="default"><allow send_destination="*"/></policy></busconfig>`,
    );
    const real = await start(bus, [`--config-file=${config}`, '--nofork']);
    expect((await world.ask({ terminate: { pid: real.pid! } })).refusal).toMatchObject({ code: 'protected' });
    const copy = join(folder, 'dbus-daemon');
    writeFileSync(copy, readFileSync(bus), { mode: 0o755 });
    writeFileSync(config, readFileSync(config, 'utf8').replace('/bus<', '/other<'));
    const fake = await start(copy, [`--config-file=${config}`, '--nofork']);
    expect(await world.terminate(fake.pid!)).toMatchObject({ outcome: 'gone' });
    expect(isRunning(real)).toBe(true);
  });

  test('whether a file is the host’s own is told by the first process, also to an agent with mounts of its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'foretop-own-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const copy = join(folder, 'sleep');
    writeFileSync(copy, readFileSync('/bin/sleep'), { mode: 0o755 });
    const { first } = await startContainer(copy);
    const program = `import { openLinuxTargets } from '${repository}agent/src/host/targets.linux.ts';
      import { existsSync } from 'node:fs';
      const { executable } = (await openLinuxTargets().hold(2)).evidence;
      console.log(existsSync('${copy}'), executable.path, executable.isHostFile);`;
    const node = [process.execPath, '--input-type=module', '-e', program];
    const covered = ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none ${folder} && exec "$@"`, 'sh', ...node];
    const beside = [`--target=${first}`, '--pid', '--mount', '--', ...covered];
    expect(execFileSync('nsenter', beside, { encoding: 'utf8' }).trim()).toBe(`false ${copy} true`);
  });

  test('a thread of the kernel is protected', async () => {
    const world = await openWorld();
    expect((await world.ask({ terminate: { pid: 2 } })).refusal).toMatchObject({ code: 'protected' });
  });
});

/** A PID namespace with two processes: 1, and 2 that runs `program`. Ends with the test. */
async function startContainer(program: string) {
  const own = ['--pid', '--fork', '--kill-child', '--mount-proc'];
  const container = spawn('unshare', [...own, 'sh', '-c', `${program} 1000 & exec sleep 1001`], { stdio: 'ignore' });
  onTestFinished(() => void container.kill('SIGKILL'));
  const first = await until('its first process', () => childOf(container.pid!));
  const target = await until('its second one', () => {
    const child = childOf(first);
    return child !== undefined && nameOf(child) === 'sleep' ? child : undefined;
  });
  return { container, first, target };
}

/** Of a process that has one; undefined = it has none yet. */
function childOf(pid: number): number | undefined {
  const [child] = (readIfThere(`/proc/${pid}/task/${pid}/children`) ?? '').trim().split(' ').filter(Boolean);
  return child === undefined ? undefined : Number(child);
}

/** Somebody else on a busy machine may get the number, and keep it: then another one is tried. */
async function offerWhosePidIsGivenAgain(world: World) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const target = await start('sleep', ['1000']);
    const pid = target.pid!;
    const offered = await world.offer({ terminate: { pid } });
    target.kill('SIGKILL');
    await until('its end', () => !isRunning(target) || undefined);
    if (await startWithPid(pid)) return { offered, pid };
  }
  throw new Error('no number was given again in five attempts');
}

/** The kernel gives the number after the last; others may take it first, so it is tried again. False = they did. */
async function startWithPid(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    writeFileSync(lastPid, String(pid - 1));
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    if (child.pid === pid) {
      onTestFinished(() => void child.kill('SIGKILL'));
      await until('it to run', () => nameOf(pid) === 'sleep' || undefined);
      return true;
    }
    child.kill('SIGKILL');
  }
  return false;
}

/** An offer at a time when it has its connections, a few attempts of the eight that may stand. */
async function connectedPreview(world: World, pid: number) {
  for (let attempt = 0; attempt < 6; attempt++) {
    await sleep(300);
    const { claims } = await world.offer({ terminate: { pid } });
    if (claims.preview.connectionCount === 2) return claims.preview;
  }
  throw new Error(`process ${pid} has not connected`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8') || undefined;
  } catch {
    return undefined;
  }
}
