// The agent as a service of a real systemd: installed by the line that a person copies, through every way to end and start again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/foretop.ts';
import { dockerMissing } from './docker.ts';
import { sharedRelease } from './release.ts';
import { type ServiceLab, startServiceLab } from './service-lab.ts';
import { buildHostImage } from './systemd-host.ts';

const missing = dockerMissing();

let lab: ServiceLab;
beforeAll(async () => {
  if (missing) return;
  buildHostImage();
  lab = await startServiceLab('service', await sharedRelease());
}, 300_000);
afterAll(async () => lab?.[Symbol.asyncDispose]());

interface Status {
  pid: number;
  hostId: number | null;
  connection: { state: string };
  spool: { batches: number; droppedBatches: number };
}

const status = async () => JSON.parse(await lab.host.run('foretop-agent status --json')) as Status;
const mainPid = async () => Number(await lab.host.run('systemctl show --property MainPID --value foretop-agent'));

/** Another process than `before` runs and has told systemd that it does. */
const restarted = (before: number) =>
  eventually(
    'the service to run again',
    async () => {
      const pid = await mainPid();
      const { status: activity } = await lab.host.try('systemctl is-active --quiet foretop-agent');
      return activity === 0 && pid > 0 && pid !== before ? pid : undefined;
    },
    60_000,
  );

let filesBefore: string[];
let accountsBefore: string;
const accounts = () => lab.host.run('cat /etc/passwd /etc/group /etc/shadow /etc/gshadow');
let hostId: number;

describe.skipIf(missing)(`the agent as a service of systemd${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('the line installs, and the host is on the dashboard with its version', async () => {
    const token = await lab.token();
    filesBefore = await lab.host.files();
    accountsBefore = await accounts();
    const startedMs = performance.now();
    const policy = '--signer approve --label env=lab --label role=pier';
    const said = await lab.host.run(lab.line(`--token-file ${token} --name pier-9 ${policy}`));
    console.log(`installed in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    expect(said).toContain('✓ Signed by the key in this script');
    expect(said).toMatch(/nothing in here can prove otherwise/);
    expect(said).toMatch(/✓ Connected: this is host \d+\.$/);
    const host = await lab.live();
    expect(host).toMatchObject({ name: 'pier-9', agentVersion: await lab.host.run('foretop-agent --version') });
    hostId = host.id;
    expect(JSON.parse(await lab.host.run('cat /etc/foretop-agent/ceiling.json'))).toMatchObject({
      allow: 'observe',
      signer: 'approve',
      labels: ['env=lab', 'role=pier'],
    });
    expect((await lab.host.try('ls /var/lib/foretop-agent/enrolment-token')).output).toContain('No such file');
  });

  test('the process has exactly the capabilities of the ceiling, and a user of its own', async () => {
    const text = await lab.host.run(`cat /proc/${await mainPid()}/status`);
    // 2 DAC_READ_SEARCH, 12 NET_ADMIN, 13 NET_RAW, 19 SYS_PTRACE, 38 PERFMON, 39 BPF
    const mask = [2, 12, 13, 19, 38, 39].reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    const masks = Object.fromEntries(
      [...text.matchAll(/^(Cap\w+):\s*([0-9a-f]+)$/gm)].map(([, set, bits]) => [set, bits]),
    );
    const exact = mask.toString(16).padStart(16, '0');
    expect(masks).toEqual({ CapInh: exact, CapPrm: exact, CapEff: exact, CapBnd: exact, CapAmb: exact });
    expect(text).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(text).toMatch(/^Seccomp:\s*2$/m);
    const uid = await lab.host.run('id -u foretop-agent');
    expect(text).toMatch(new RegExp(`^Uid:\\s*${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, 'm'));
  });

  test('systemd finds no fault in the unit, and little exposure', async () => {
    expect(await lab.host.run('systemd-analyze verify /etc/systemd/system/foretop-agent.service')).toBe('');
    const [, exposure] = /exposure level for foretop-agent.service: (\d+\.\d+)/.exec(
      await lab.host.run('systemd-analyze security foretop-agent --no-pager'),
    )!;
    console.log(`systemd-analyze security: ${exposure}`);
    expect(Number(exposure)).toBeLessThan(3);
  });

  test.skipIf(process.arch !== 'x64')(
    'the sandbox lets bpf(2) and the calls that end a process through, and little else (skipped off x64)',
    async () => {
      // Numbers of asm/unistd_64.h, called with arguments that the kernel itself refuses; errno tells who said no.
      const calls = {
        bpf: '321, 0, 0, 0',
        pidfd_open: '434, -1, 0',
        pidfd_send_signal: '424, -1, 0, 0, 0',
        setns: '308, -1, 0',
        ptrace: '101, 16, 1, 0, 0',
        mount: '165, 0, 0, 0, 0, 0',
      };
      const lines = Object.entries(calls).map(([name, args]) => `syscall(${args}); print "${name} ", $! + 0, "\\n";`);
      const script = `${lines.join(' ')} open(F, ">/etc/x") or print "write ", $! + 0, "\\n";`;
      const kept = '^(SystemCall|Ambient|Capability|NoNew|RestrictN|Protect|Private|User=)';
      const said = await lab.host.run(`
      while IFS= read -r line; do set -- "$@" -p "$line"; done < <(grep -E '${kept}' /etc/systemd/system/foretop-agent.service)
      systemd-run --quiet --pipe --wait "$@" perl -e '${script}'`);
      const [EPERM, EBADF, EINVAL, EROFS] = [1, 9, 22, 30];
      expect(said.split('\n')).toEqual([
        `bpf ${EINVAL}`,
        `pidfd_open ${EINVAL}`,
        `pidfd_send_signal ${EBADF}`,
        `setns ${EPERM}`,
        `ptrace ${EPERM}`,
        `mount ${EPERM}`,
        `write ${EROFS}`,
      ]);
    },
  );

  test('installing again changes nothing, and raises no ceiling', async () => {
    const pid = await mainPid();
    expect(await lab.host.run(lab.line(''))).toContain('Everything is as it should be.');
    expect(await mainPid()).toBe(pid);
    const raised = await lab.host.try(lab.line('--ceiling terminate'));
    expect(raised.status).not.toBe(0);
    expect(raised.output).toContain("no installation raises it to 'terminate'");
    expect(await mainPid()).toBe(pid);
  });

  test('doctor finds nothing wrong, and logs tell of the start', async () => {
    const doctor = await lab.host.run('foretop-agent doctor');
    expect(doctor).toMatch(/✓ service +active/);
    expect(doctor).toMatch(/✓ connection +connected as host/);
    expect(doctor).not.toContain('✗');
    expect(await lab.host.run('foretop-agent logs -n 50')).toContain('"event":"started"');
  });

  test('systemctl stops, starts and restarts it', async () => {
    await lab.host.run('systemctl stop foretop-agent');
    expect(
      (await lab.host.run('systemctl show --property Result --property ActiveState foretop-agent')).split('\n').sort(),
    ).toEqual(['ActiveState=inactive', 'Result=success']);
    expect((await lab.host.try('foretop-agent doctor')).status).toBe(1);
    await lab.host.run('systemctl start foretop-agent');
    const first = await mainPid();
    await lab.host.run('systemctl restart foretop-agent');
    expect(await restarted(first)).not.toBe(first);
    expect((await lab.live()).id).toBe(hostId);
  });

  test('after kill -9 it runs again', async () => {
    const pid = await mainPid();
    await lab.host.run(`kill -9 ${pid}`);
    await restarted(pid);
    expect((await lab.live()).id).toBe(hostId);
  });

  test('a process that hangs is replaced by the watchdog', async () => {
    await lab.host.run('mkdir -p /run/systemd/system/foretop-agent.service.d');
    await lab.host.run("printf '[Service]\\nWatchdogSec=4\\n' >/run/systemd/system/foretop-agent.service.d/soon.conf");
    await lab.host.run('systemctl daemon-reload && systemctl restart foretop-agent');
    const pid = await mainPid();
    await lab.host.run(`kill -STOP ${pid}`);
    await restarted(pid);
    expect(await lab.host.run('journalctl --unit foretop-agent --no-pager')).toContain('Watchdog timeout');
    await lab.host.run(
      'rm -r /run/systemd/system/foretop-agent.service.d && systemctl daemon-reload && systemctl restart foretop-agent',
    );
  });

  test('what the collector does not have yet survives a reboot', async () => {
    await lab.live();
    await lab.front.close();
    await eventually('batches to wait', async () => ((await status()).spool.batches >= 2 ? true : undefined));
    const pid = await mainPid();
    await lab.host.reboot();
    const again = await eventually('the agent to run after the reboot', async () => {
      const now = await status();
      return now.pid === (await mainPid()) && now.spool.batches >= 2 ? now : undefined;
    });
    expect(again.hostId).toBe(hostId);
    expect(again.spool.droppedBatches).toBe(0);
    expect(pid).toBeGreaterThan(0);
    await lab.front.open();
    expect((await lab.live()).id).toBe(hostId);
    await eventually(
      'the spool to be sent',
      async () => ((await status()).spool.batches <= 1 ? true : undefined),
      60_000,
    );
  });

  test('uninstalling with --keep-data keeps who it is', async () => {
    await lab.host.run('foretop-agent uninstall --keep-data');
    expect((await lab.host.try('systemctl cat foretop-agent')).status).not.toBe(0);
    await lab.host.run(lab.line(''));
    expect((await lab.live()).id).toBe(hostId);
  });

  test('uninstalling leaves the host as it was', async () => {
    await lab.host.run('foretop-agent uninstall');
    expect(await lab.host.files()).toEqual(filesBefore);
    expect(await accounts()).toBe(accountsBefore);
    expect(await lab.host.run('systemctl list-unit-files --no-legend "foretop*" | wc -l')).toBe('0');
    expect((await lab.host.try('pgrep -f foretop-agent')).output.trim()).toBe('');
  });
});
