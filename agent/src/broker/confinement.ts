// What a process must have given up before it may talk to the network, as the kernel tells it.
import { readdirSync, readFileSync } from 'node:fs';

/** linux/capability.h: what a program can use, and what its next one would get. */
const capabilitySets = ['CapPrm', 'CapEff', 'CapAmb'] as const;

/** Why a thread with this text of /proc/PID/status may not; undefined = it may. */
export function unconfinedBy(status: string): string | undefined {
  const field = (name: string) => new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
  for (const name of capabilitySets) {
    const mask = field(name);
    if (mask === undefined || !/^0+$/.test(mask)) return `${name} is ${mask ?? 'not told'}, 0 is required`;
  }
  const noNewPrivileges = field('NoNewPrivs');
  return noNewPrivileges === '1' ? undefined : `NoNewPrivs is ${noNewPrivileges ?? 'not told'}, 1 is required`;
}

/** The same of a process: each of its threads has rights of its own. */
export function unconfined(pid: number | 'self'): string | undefined {
  try {
    const faults = readdirSync(`/proc/${pid}/task`).map((task) => unconfinedThread(`/proc/${pid}/task/${task}/status`));
    return faults.find((fault) => fault !== undefined);
  } catch (error) {
    return `what it may do cannot be read: ${(error as Error).message}`;
  }
}

function unconfinedThread(path: string): string | undefined {
  try {
    return unconfinedBy(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined; // it has ended meanwhile
    throw error;
  }
}
