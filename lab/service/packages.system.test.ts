// What a release brings beside the line: the Debian package, the executable's own defences, and the same bytes twice.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerMissing } from './docker.ts';
import { buildAgain, sharedRelease } from './release.ts';
import { type ServiceLab, startServiceLab } from './service-lab.ts';
import { buildHostImage } from './systemd-host.ts';

const isLinux = process.platform === 'linux';
const folder = mkdtempSync(join(tmpdir(), 'foretop-packages-'));
let first: string;
beforeAll(async () => {
  if (isLinux) first = await sharedRelease();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!isLinux)('a release (skipped off Linux)', () => {
  test('the same source gives the same bytes', async () => {
    const second = await buildAgain(folder);
    const sums = (of: string) => readFileSync(join(of, 'SHA256SUMS'), 'utf8');
    expect(sums(second)).toBe(sums(first));
    expect(readFileSync(join(second, 'SHA256SUMS.sig'))).toEqual(readFileSync(join(first, 'SHA256SUMS.sig')));
  }, 300_000);

  test('the bill of materials names Node, koffi and what was bundled, each with its hash', () => {
    const file = readdirSync(first).find((name) => name.endsWith('.cdx.json'))!;
    const { components } = JSON.parse(readFileSync(join(first, file), 'utf8')) as {
      components: { name: string; hashes: { alg: string }[] }[];
    };
    const names = components.map(({ name }) => name);
    const arch = process.arch;
    expect(names).toEqual(
      expect.arrayContaining([`node-linux-${arch}`, `@koromix/koffi-linux-${arch}`, 'koffi', 'ws']),
    );
    expect(names).not.toContain('vitest');
    expect(components.filter(({ hashes }) => hashes[0]?.alg !== 'SHA-512')).toEqual([]);
  });

  test('the executable takes no orders from the environment of Node', () => {
    const program = unpacked();
    const env = { NODE_OPTIONS: '--title=taken --require=/nonexistent/evil.js', PATH: '/usr/bin' };
    const version = execFileSync(program, ['--version'], { encoding: 'utf8', env });
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

const missing = dockerMissing();
describe.skipIf(missing)(`the Debian package${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let lab: ServiceLab;
  beforeAll(async () => {
    if (missing) return;
    buildHostImage();
    lab = await startServiceLab('package', first);
  }, 300_000);
  afterAll(async () => lab?.[Symbol.asyncDispose]());

  test('installs, is connected by hand, restarts on an upgrade, and is gone after a purge', async () => {
    const file = readdirSync(first).find((name) => name.endsWith('.deb'))!;
    lab.host.copyIn(join(first, file), '/root/agent.deb');
    const token = await lab.token();
    const own = (lines: string[]) => lines.filter((line) => !/^\/var\/(lib\/dpkg|log)\b/.test(line));
    const before = own(await lab.host.files());
    await lab.host.run('dpkg --install /root/agent.deb');
    const install = `/usr/bin/foretop-agent install --collector ${lab.url} --ca /root/ca.pem --token-file ${token}`;
    expect(await lab.host.run(install)).toContain('✓ Connected');
    expect((await lab.live()).status).toBe('live');
    const maps = 'cat /proc/$(systemctl show --property MainPID --value foretop-agent)/maps';
    expect(await lab.host.run(maps)).toContain('/usr/lib/foretop-agent/koffi.node');
    const pid = await lab.host.run('systemctl show --property MainPID --value foretop-agent');
    await lab.host.run('dpkg --install /root/agent.deb');
    expect(await lab.host.run('systemctl show --property MainPID --value foretop-agent')).not.toBe(pid);
    const beside = await lab.host.try(lab.line(''));
    expect(beside.output).toContain('upgrade the package instead');
    await lab.host.run('dpkg --remove foretop-agent');
    expect((await lab.host.try('ls /var/lib/foretop-agent/agent-key.json')).status).toBe(0);
    await lab.host.run('dpkg --purge foretop-agent');
    expect(own(await lab.host.files())).toEqual(before);
    expect((await lab.host.try('id foretop-agent')).status).not.toBe(0);
  });
});

function unpacked(): string {
  const file = readdirSync(first).find((name) => name.endsWith('.tar.gz'))!;
  execFileSync('tar', ['--extract', '--gzip', '--file', join(first, file), '--directory', folder]);
  const top = readdirSync(folder).find((name) => name.startsWith('foretop-agent-'))!;
  return join(folder, top, 'foretop-agent');
}
