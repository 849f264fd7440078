// The root of the control groups of version 2, which every socket of this machine or container belongs to.
import { openSync } from 'node:fs';
import { openLibc } from '../libc.ts';
import { readText } from '../procfs.ts';

/**
 * A descriptor of it; undefined where it is not mounted and may not be. Behind a /sys of its own, as `ip netns exec` gives a
 * process, it is reached without a mount point (CAP_SYS_ADMIN).
 */
export function openControlGroupRoot(): number | undefined {
  const path = parseControlGroupMount(readText('/proc/mounts') ?? '');
  if (path !== undefined) {
    try {
      return openSync(path, 'r');
    } catch {
      // Mounted over, or hidden from this user.
    }
  }
  const root = openLibc().mountNowhere('cgroup2');
  return root < 0 ? undefined : root;
}

/** Where the text of /proc/PID/mounts says that control groups of version 2 are. */
export function parseControlGroupMount(mounts: string): string | undefined {
  for (const line of mounts.split('\n')) {
    const [, path, type] = line.split(' ');
    // proc(5): white space in paths is written as octal numbers.
    if (type === 'cgroup2' && path)
      return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  }
  return undefined;
}
