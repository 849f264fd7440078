// How busy all cores were between two readings of /proc/stat.
import { RereadFile } from './linux/procfs.ts';

export interface CpuTimes {
  busy: number;
  total: number;
}

/** The first line of /proc/stat, in ticks; undefined when it is not there. Waiting for I/O and stolen time are not busy. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const columns = /^cpu +([\d ]+)/.exec(text)?.[1]?.trim().split(' ').map(Number);
  if (!columns || columns.length < 4) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = columns;
  const busy = user + nice + system + irq + softirq;
  return { busy, total: busy + idle + iowait + steal };
}

/** 1000 = every core busy. 0 when no tick has passed; iowait may run backwards (proc_stat(5)), hence the bounds. */
export function cpuPermille(previous: CpuTimes, now: CpuTimes): number {
  const total = now.total - previous.total;
  if (total <= 0) return 0;
  return Math.min(1000, Math.max(0, Math.round(((now.busy - previous.busy) * 1000) / total)));
}

/** How many processes and threads were begun since the machine started, of /proc/stat; undefined when that is not there. */
export function parseForks(stat: Buffer): number | undefined {
  const line = '\nprocesses ';
  const at = stat.indexOf(line);
  return at < 0 ? undefined : Number.parseInt(stat.toString('latin1', at + line.length, at + line.length + 16), 10);
}

export interface CpuReader extends Disposable {
  read(): { times: CpuTimes | undefined; forks: number | undefined };
}

export function openCpu(path = '/proc/stat'): CpuReader {
  const file = new RereadFile(path);
  return {
    read() {
      const stat = file.read();
      return { times: parseCpuTimes(stat.toString('latin1', 0, 256)), forks: parseForks(stat) };
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
