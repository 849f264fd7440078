// The container engine of this machine, for tests that need one: whether it answers, and a Compose project in a folder of its own.
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from './child.ts';

/** Why there are no containers here, or undefined when there are. */
export function dockerMissing(): string | undefined {
  for (const command of [['info'], ['compose', 'version']]) {
    const { error, status, stderr } = spawnSync('docker', command, { encoding: 'utf8', timeout: 20_000 });
    if (error) return 'the command `docker` is not installed';
    if (status !== 0) return `\`docker ${command.join(' ')}\` failed: ${stderr.trim().split('\n').at(-1)}`;
  }
  return undefined;
}

/** Runs `docker` and returns its standard output. Throws with what it said when it fails. */
export async function docker(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { stdout } = await promisify(execFile)('docker', args, { maxBuffer: 64 << 20, ...options });
  return stdout;
}

/** What git would clone, with what is not committed yet: neither packages nor builds. */
export async function copyCheckout(folder: string): Promise<void> {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await promisify(execFile)('git', args, { cwd: repository, maxBuffer: 64 << 20 });
  for (const path of stdout.split('\0').filter(Boolean)) {
    if (!existsSync(join(repository, path))) continue; // removed, but not yet for git
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(repository, path), join(folder, path));
  }
}

/** One container of a project, as `docker inspect` has it, as far as tests look. */
export interface Container {
  Id: string;
  Name: string;
  Config: { Labels: Record<string, string> };
  State: { Status: string; ExitCode: number; Pid: number; Health?: { Status: string } };
  HostConfig: { Privileged: boolean; ReadonlyRootfs: boolean; CapAdd: string[] | null; CapDrop: string[] | null };
}

/** A Compose project under a name of its own. */
export function composeProject(folder: string, name: string, variables: Record<string, string>) {
  const settings: Record<string, string> = { ...variables, COMPOSE_PROJECT_NAME: name };
  const env = { ...process.env, ...settings };
  const label = `label=com.docker.compose.project=${name}`;
  const list = async (...args: string[]) => (await docker([...args, '--filter', label])).split('\n').filter(Boolean);
  return {
    /** Environment variables of every command on it. */
    settings,
    compose: (...args: string[]) => docker(['compose', ...args], { cwd: folder, env }),
    async containers(): Promise<Container[]> {
      const ids = await list('ps', '--all', '--quiet');
      return ids.length === 0 ? [] : (JSON.parse(await docker(['inspect', ...ids])) as Container[]);
    },
    /** Names of everything that the project has made and that is still there. */
    leftovers: async () => [
      ...(await list('ps', '--all', '--format', 'container {{.Names}}')),
      ...(await list('volume', 'ls', '--format', 'volume {{.Name}}')),
      ...(await list('network', 'ls', '--format', 'network {{.Name}}')),
    ],
  };
}
