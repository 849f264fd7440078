// A process ended through an agent that is installed as a service: from the line that installs it to the receipt, all by an operator's own command line.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SigningKey } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foretop, type Outcome } from '../../collector/test/foretop.ts';
import { eventually, temporaryFolder } from '../harness/foretop.ts';
import { dockerMissing } from './docker.ts';
import { sharedRelease } from './release.ts';
import { type ServiceLab, startServiceLab } from './service-lab.ts';
import { buildHostImage } from './systemd-host.ts';

const missing = dockerMissing();
const name = 'pier-9';
const patienceMs = 120_000;

let lab: ServiceLab;
let home: string;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  if (missing) return;
  buildHostImage();
  home = stack.use(await temporaryFolder('operator')).path;
  lab = stack.use(await startServiceLab('commands', await sharedRelease()));
  const file = await lab.token();
  await lab.host.run(lab.line(`--token-file ${file} --name ${name} --ceiling terminate --signer approve`));
  await lab.live();
}, 600_000);
afterAll(() => stack.disposeAsync());

/** On the operator's machine, with the operator's files. */
const cli = (args: string[], input = ''): Promise<Outcome> => foretop(args, { HOME: home }, input);

/** Asks, signs, and types what is asked for. Waits until the collector knows the process. */
const terminate = (pid: number): Promise<Outcome> =>
  eventually(
    `an answer about process ${pid}`,
    async () => {
      const outcome = await cli(['terminate', name, String(pid), '--sign'], `${name} ${pid}\n`);
      return outcome.stderr.includes('There is no process') ? undefined : outcome;
    },
    patienceMs,
  );

const mainPid = async (unit: string) => Number(await lab.host.run(`systemctl show --property MainPID --value ${unit}`));
const activity = async (unit: string) => (await lab.host.try(`systemctl is-active ${unit}`)).output.trim();

/** Of the agent's status: who talks to the collector. */
interface Network {
  split: boolean;
  worker: { pid: number } | null;
}

describe.skipIf(missing)(`commands to an installed service${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('an administrator makes a key, whose private half stays on this machine, and grants it', async () => {
    const password = join(home, 'password');
    writeFileSync(password, 'a lantern on the foremast\n', { mode: 0o600 });
    const { dataDir, url } = lab.collector;
    const local = ['--data', dataDir, '--password-file', password];
    expect(await cli(['account', 'create', 'mira', '--role', 'admin', ...local])).toMatchObject({ code: 0 });
    const signIn = ['sign-in', '--server', url, '--name', 'mira', '--password-file', password];
    expect(await cli(signIn)).toMatchObject({ code: 0 });
    expect(await cli(['approve', 'keygen', '--no-passphrase'])).toMatchObject({ code: 0 });
    const [key] = await asPerson<{ items: SigningKey[] }>('GET', '/trust/keys').then(({ items }) => items);
    const grant = { capabilities: ['terminate'], hosts: { all: true } };
    await asPerson('POST', `/trust/keys/${key!.id}/grant`, grant);
  });

  test('the service has what that takes, and the process that talks to the network has none of it', async () => {
    const network = async () =>
      (JSON.parse(await lab.host.run('foretop-agent status --json')) as { network?: Network }).network;
    // The file is written every few seconds.
    await expect.poll(async () => (await network())?.worker?.pid, { timeout: 30_000 }).toBeGreaterThan(0);
    const { split, worker } = (await network())!;
    const set = async (pid: number) => /^CapEff:\s*(\w+)$/m.exec(await lab.host.run(`cat /proc/${pid}/status`))![1]!;
    const kill = 1n << 5n;
    expect(BigInt(`0x${await set(await mainPid('foretop-agent'))}`) & kill).toBe(kill);
    expect(split).toBe(true);
    expect(await set(worker!.pid)).toMatch(/^0+$/);
  });

  test('ends a process of another user, which is gone', async () => {
    await lab.host.run('systemd-run --quiet --unit=worker --uid=nobody sleep 1000');
    const pid = await mainPid('worker');
    const { code, stdout, stderr } = await terminate(pid);
    expect(stderr).toMatch(new RegExp(`End +PID ${pid} sleep, user nobody`));
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^gone: gone \d+\.\d s after SIGTERM\n$/)]);
    expect((await lab.host.try(`test -e /proc/${pid}`)).status).toBe(1);
  });

  test('of one that its unit starts again it says so before, and names the successor after', async () => {
    await lab.host.run('systemd-run --quiet --unit=stubborn -p Restart=always -p RestartSec=1 sleep 1000');
    const pid = await mainPid('stubborn');
    const { code, stdout, stderr } = await terminate(pid);
    expect(stderr).toContain('Restarted by unit stubborn.service (Restart=always)');
    expect(code).toBe(1);
    const successor = await mainPid('stubborn');
    expect(successor).not.toBe(pid);
    expect(stdout).toContain(`respawned as PID ${successor} by stubborn.service`);
  });

  test('what the host needs is refused by the host, and goes on', async () => {
    for (const unit of ['dbus', 'systemd-journald', 'foretop-agent']) {
      const pid = await mainPid(unit);
      const { code, stderr } = await terminate(pid);
      expect([unit, code, stderr]).toEqual([unit, 1, expect.stringContaining('protected')]);
      expect([unit, await mainPid(unit), await activity(unit)]).toEqual([unit, pid, 'active']);
    }
    expect((await terminate(1)).stderr).toContain('Process 1 is what the host runs on');
  });

  test('both sides kept a chain of it, and each can prove the other’s', async () => {
    const shown = await lab.host.run('foretop-agent audit show');
    expect(shown.match(/command-ended/g)).toHaveLength(2);
    const data = ['--data', lab.collector.dataDir];
    const heads = await cli(['audit', 'heads', ...data]);
    const file = join(home, 'heads');
    writeFileSync(file, heads.stdout);
    expect(await cli(['audit', 'verify', '--heads', file, ...data])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The audit is whole'),
    });
    lab.host.copyIn(file, '/root/heads');
    expect(await lab.host.run('foretop-agent audit verify --heads /root/heads')).toMatch(
      /unbroken; [1-9]\d* heads fit/,
    );
  });
});

/** With the session that the command line keeps. */
async function asPerson<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const file = join(home, '.config', 'foretop', 'session.json');
  const { server, cookie, secret } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const response = await fetch(`${server}/api/v1${path}`, {
    method,
    headers: {
      cookie: `foretop_session=${cookie}`,
      'x-foretop-session': secret!,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}
