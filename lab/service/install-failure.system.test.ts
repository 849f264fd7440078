// The line that installs, where something is wrong: it says what, stops, and leaves the host as it was.
import { appendFileSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { dockerMissing } from './docker.ts';
import { sharedRelease } from './release.ts';
import { type ServiceLab, startServiceLab } from './service-lab.ts';
import { buildHostImage } from './systemd-host.ts';

const missing = dockerMissing();

let built: string;
let lab: ServiceLab;
let token: string;
let filesBefore: string[];
beforeAll(async () => {
  if (missing) return;
  built = await sharedRelease();
  buildHostImage();
  lab = await startServiceLab('install', built);
  token = await lab.token();
  filesBefore = await lab.host.files();
}, 300_000);
afterEach(() => {
  if (missing) return;
  rmSync(lab.release, { recursive: true, force: true });
  cpSync(built, lab.release, { recursive: true });
});
afterAll(async () => lab?.[Symbol.asyncDispose]());

const archive = () => join(lab.release, `foretop-agent-linux-${process.arch}.gz`);

async function expectUnchanged(): Promise<void> {
  expect(await lab.host.files()).toEqual(filesBefore);
}

async function expectRefused(script: string, reason: RegExp): Promise<void> {
  const { status, output } = await lab.host.try(script);
  expect(output).toMatch(reason);
  expect(status).not.toBe(0);
  await expectUnchanged();
}

describe.skipIf(missing)(`an installation that cannot be${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('a program that was changed is refused', async () => {
    appendFileSync(archive(), 'x');
    await expectRefused(lab.line(`--token-file ${token}`), /is not what the release says it is/);
  });

  test('a list of checksums that was changed is refused', async () => {
    appendFileSync(join(lab.release, 'SHA256SUMS'), `${'0'.repeat(64)}  other\n`);
    await expectRefused(lab.line(`--token-file ${token}`), /the signature of the release is wrong/);
  });

  test('another key than the one that a person brings is refused', async () => {
    await lab.host.run('openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout >/tmp/other.pem');
    await expectRefused(
      lab.line(`--token-file ${token} --release-key /tmp/other.pem`),
      /the signature of the release is wrong/,
    );
  });

  test('a collector without a release says so', async () => {
    rmSync(lab.release, { recursive: true });
    const { output } = await lab.host.try(`curl -sS --cacert /root/ca.pem ${lab.url}/install.sh`);
    expect(output).toContain('has no release of the agent');
    cpSync(built, lab.release, { recursive: true });
    rmSync(archive());
    await expectRefused(lab.line(`--token-file ${token}`), /fetching .* failed/);
  });

  test('without openssl nothing is installed, unless the person says so', async () => {
    const hide = 'mount --bind /bin/false /usr/bin/openssl; trap "umount /usr/bin/openssl" EXIT;';
    await expectRefused(`${hide} ${lab.line(`--token-file ${token}`)}`, /openssl 3 is missing/);
    const bold = await lab.host.run(`${hide} ${lab.line(`--token-file ${token} --allow-unverified --dry-run`)}`);
    expect(bold).toContain('NOT checked');
  });

  test('a certificate that the host does not know stops it', async () => {
    const line = `curl -fsSL --cacert /root/ca.pem ${lab.url}/install.sh | sh -s -- --token-file ${token}`;
    await expectRefused(line, /certificate problem/);
  });

  test('a service that does not start is taken back whole', async () => {
    const drop = '/run/systemd/system/foretop-agent.service.d';
    await lab.host.run(`mkdir -p ${drop} && printf '[Service]\\nExecStartPre=/bin/false\\n' >${drop}/fail.conf`);
    const { status, output } = await lab.host.try(lab.line(`--token-file ${token}`));
    await lab.host.run(`rm -r ${drop} && systemctl daemon-reload`);
    expect(output).toContain('The service did not start');
    expect(output).toContain('undone: Add the user foretop-agent');
    expect(status).not.toBe(0);
    expect((await lab.host.try('id foretop-agent')).status).not.toBe(0);
    await expectUnchanged();
  });

  test('a script that arrives cut off does nothing, wherever it is cut', async () => {
    await lab.host.run(`curl -fsSL --cacert /root/ca.pem ${lab.url}/install.sh >/tmp/install.sh`);
    // Every 100 bytes, and each byte of the end; without its last byte, a line break, the script is whole.
    const cuts =
      'bytes=$(stat -c %s /tmp/install.sh); for cut in $(seq 1 100 $bytes) $(seq $((bytes - 25)) $((bytes - 2)))';
    for (const shell of ['dash', 'busybox ash']) {
      const each = `head -c $cut /tmp/install.sh | ${shell} 2>/dev/null`;
      expect(await lab.host.run(`${cuts}; do ${each}; done; true`)).toBe('');
    }
    await expectUnchanged();
  });
});
