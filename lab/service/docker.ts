// Docker as these tests use it: the command, and why it cannot be used here.
import { execFileSync, spawnSync } from 'node:child_process';

const timeoutMs = 300_000;

/** undefined when an engine answers on this machine. */
export function dockerMissing(): string | undefined {
  if (process.platform !== 'linux') return 'hosts with systemd run in containers of a Linux machine';
  if (process.getuid?.() !== 0) return 'hosts with systemd are privileged containers, which takes root';
  const { status, stderr, error } = spawnSync('docker', ['info'], { encoding: 'utf8', timeout: 10_000 });
  if (error) return `the command docker cannot be run: ${error.message}`;
  return status === 0 ? undefined : `no Docker engine answers: ${stderr.trim().split('\n')[0] ?? ''}`;
}

/** @returns its standard output. Throws with what it said when it fails. */
export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] });
}
