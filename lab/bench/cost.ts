// What a process costs: CPU seconds of itself and its reaped children, and its share of memory.
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100; // USER_HZ, which Linux fixes at 100 on every architecture that Node supports

/** CPU seconds used so far by a process and the children that it has waited for (proc(5): fields 14 to 17). Throws with a reason when it has ended. */
export function cpuSeconds(pid: number): number {
  const stat = readStat(pid);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / ticksPerSecond;
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (cause) {
    throw new Error(`Process ${pid} ended before it was measured; its own output says why.`, { cause });
  }
}

/** CPU seconds of a process and all its living descendants. Throws when the process itself has ended. */
export function treeCpuSeconds(pid: number, parents: ReadonlyMap<number, number[]> = childrenByParent()): number {
  return cpuSeconds(pid) + sumOfDescendants(pid, parents, cpuSeconds);
}

/** Proportional set size and anonymous memory in MB (proc(5): smaps_rollup) of a process and all its living descendants. */
export function treeMemoryMb(pid: number): { pss: number; anonymous: number } {
  const parents = childrenByParent();
  const own = memoryMb(pid);
  return {
    pss: own.pss + sumOfDescendants(pid, parents, (child) => memoryMb(child).pss),
    anonymous: own.anonymous + sumOfDescendants(pid, parents, (child) => memoryMb(child).anonymous),
  };
}

function sumOfDescendants(
  pid: number,
  parents: ReadonlyMap<number, number[]>,
  measure: (pid: number) => number,
): number {
  return (parents.get(pid) ?? []).reduce((sum, child) => {
    try {
      return sum + measure(child) + sumOfDescendants(child, parents, measure);
    } catch {
      return sum; // it ended meanwhile; what it used is its parent's once it was waited for
    }
  }, 0);
}

function memoryMb(pid: number): { pss: number; anonymous: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]);
  return { pss: (kilobytes('Pss') * 1024) / 1e6, anonymous: (kilobytes('Anonymous') * 1024) / 1e6 };
}

/** Child processes by parent. */
export function childrenByParent(): Map<number, number[]> {
  const map = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      map.set(parent, [...(map.get(parent) ?? []), Number(name)]);
    } catch {
      continue; // it ended meanwhile
    }
  }
  return map;
}

/** CPU milliseconds of a fixed piece of work, now: beside others' load a CPU second does less. */
export function calibrationMs(): number {
  const before = process.cpuUsage();
  let value = 1;
  for (let step = 0; step < 100_000_000; step++) value = (Math.imul(value, 1_103_515_245) + step) | 0;
  const { user, system } = process.cpuUsage(before);
  return value === 0 ? 0 : (user + system) / 1e3;
}
