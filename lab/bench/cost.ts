// What a process costs: CPU seconds of itself and its reaped children, and its share of memory.
import { readFileSync } from 'node:fs';

const ticksPerSecond = 100; // USER_HZ, which Linux fixes at 100 on every architecture that Node supports

/** CPU seconds used so far by a process and the children that it has waited for (proc(5): fields 14 to 17). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / ticksPerSecond;
}

/** CPU seconds of a process and all its living descendants. */
export function treeCpuSeconds(pid: number, parents: ReadonlyMap<number, number[]>): number {
  const children = parents.get(pid) ?? [];
  return cpuSeconds(pid) + children.reduce((sum, child) => sum + treeCpuSeconds(child, parents), 0);
}

/** Proportional set size and anonymous memory in MB (proc(5): smaps_rollup). */
export function memoryMb(pid: number): { pss: number; anonymous: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]);
  return { pss: (kilobytes('Pss') * 1024) / 1e6, anonymous: (kilobytes('Anonymous') * 1024) / 1e6 };
}
