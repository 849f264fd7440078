// A host of its own with systemd as init, in a container.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from '../harness/foretop.ts';
import { docker } from './docker.ts';

export const hostImage = 'foretop-lab-systemd';
const commandTimeoutMs = 180_000;

export interface Outcome {
  status: number;
  /** Standard output and standard error, as they came. */
  output: string;
}

export interface SystemdHost extends Disposable {
  /** Runs a script of bash as root. Never throws for one that fails. */
  try(script: string): Promise<Outcome>;
  /** @returns what it printed, trimmed. Throws when it fails. */
  run(script: string): Promise<string>;
  copyIn(file: string, to: string): void;
  /** As a reboot: all processes end, the file system stays. */
  reboot(): Promise<void>;
  /** Every file of the host but those in memory, in the journal or in /var/tmp, with type, mode and owner. */
  files(): Promise<string[]>;
}

export function buildHostImage(): void {
  docker('build', '--quiet', '--tag', hostImage, fileURLToPath(new URL('.', import.meta.url)));
}

/** `names`: host names that it knows, with their addresses. */
export async function startSystemdHost(name: string, names: Record<string, string>): Promise<SystemdHost> {
  const container = `foretop-${name}-${process.pid}`;
  const hosts = Object.entries(names).map(([host, address]) => `--add-host=${host}:${address}`);
  const memory = ['--tmpfs=/run', '--tmpfs=/tmp:exec'];
  docker(
    'run',
    '--detach',
    `--name=${container}`,
    '--privileged',
    '--cgroupns=private',
    ...memory,
    ...hosts,
    hostImage,
  );
  const attempt = (script: string) => runIn(container, script);
  const run = async (script: string) => {
    const { status, output } = await attempt(script);
    if (status !== 0) throw new Error(`'${script}' ended with ${status} on ${name}:\n${output}`);
    return output.trim();
  };
  const booted = () =>
    eventually(`${name} to boot`, async () => {
      const { output } = await attempt('systemctl is-system-running');
      return /running|degraded/.test(output) ? true : undefined;
    });
  const dispose = () => void docker('rm', '--force', '--volumes', container);
  try {
    await booted();
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    try: attempt,
    run,
    copyIn: (file, to) => void docker('cp', '--quiet', file, `${container}:${to}`),
    async reboot() {
      docker('restart', '--time', '20', container);
      await booted();
    },
    files: async () => (await run(`find / -xdev ${unlisted} -prune -o -printf '%p %y %m %u:%g\\n' | sort`)).split('\n'),
    [Symbol.dispose]: dispose,
  };
}

/** What is in memory only, and what the host's own services write as they please. */
const passedOver = ['/proc', '/sys', '/dev', '/run', '/tmp', '/var/tmp', '/var/log/journal'];
const unlisted = `\\( ${passedOver.map((path) => `-path ${path}`).join(' -o ')} \\)`;

/** Not the synchronous kind: what the script talks to may be in this very process. */
function runIn(container: string, script: string): Promise<Outcome> {
  const args = ['exec', container, 'bash', '-c', `exec 2>&1\n${script}`];
  return new Promise((resolve) => {
    execFile('docker', args, { timeout: commandTimeoutMs, maxBuffer: 64 << 20 }, (error, stdout) => {
      resolve({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, output: stdout });
    });
  });
}
