// The embedded Postgres of a running collector: its processes, to stop or to kill.
import { readdirSync, readFileSync } from 'node:fs';
import { eventually, type RunningCollector } from './foretop.ts';

/** The postmaster's id; the supervisor logs it at every start. */
export function postmasterPid(collector: RunningCollector): Promise<number> {
  return eventually('Postgres to run', async () => {
    const starts = [...collector.child.output.matchAll(/"event":"database-(?:re)?started","pid":(\d+)/g)];
    const pid = Number(starts.at(-1)?.[1]);
    process.kill(pid, 0);
    return pid;
  });
}

/** The postmaster and all that it has started. */
export async function postgresPids(collector: RunningCollector): Promise<number[]> {
  const postmaster = await postmasterPid(collector);
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === postmaster);
  return [postmaster, ...children.map(Number)];
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined; // it ended
  }
}
