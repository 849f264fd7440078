// Network namespaces of the lab's own, so that load meets nothing but what the lab started. Needs root and iproute2.
import { execFileSync } from 'node:child_process';

/** Why namespaces cannot be made here, or undefined when they can. */
export function namespacesMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    execFileSync('ip', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'the command `ip` is not installed (package iproute2)';
  }
}

/** A new namespace with its loopback up; removed when disposed. */
export function makeNamespace(label: string): { name: string } & Disposable {
  const name = `foretop-${label}-${process.pid}`;
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return { name, [Symbol.dispose]: () => ip('netns', 'delete', name) };
}

/** Joins two namespaces by a pair of virtual interfaces with these addresses; it goes with either of them. */
export function joinNamespaces(one: { name: string; address: string }, other: { name: string; address: string }): void {
  ip('-n', one.name, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', other.name);
  for (const { name, address } of [one, other]) {
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'veth0');
    ip('-n', name, 'link', 'set', 'veth0', 'up');
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
