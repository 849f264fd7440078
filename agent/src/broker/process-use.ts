// What another process of the agent uses, from /proc.
import { readFileSync } from 'node:fs';

export interface ProcessUse {
  /** Of CPU, since it started. */
  cpuUs: number;
  /** Resident, of its own alone. */
  memoryBytes: number;
}

/** USER_HZ is 100 on every architecture that Node runs on. */
const tickUs = 10_000;

/** undefined once it is gone. proc(5): utime and stime of stat, RssAnon of status. */
export function processUse(pid: number): ProcessUse | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const anonymousKb = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return { cpuUs: (Number(fields[11]) + Number(fields[12])) * tickUs, memoryBytes: Number(anonymousKb ?? 0) * 1_024 };
  } catch {
    return undefined;
  }
}
