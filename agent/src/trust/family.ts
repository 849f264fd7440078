// Who descends from whom, in one look at all processes.
import type { ListedProcess } from '../host/targets.ts';

/** Children, their children and so on, each after its parent. */
export function descendantsOf(pid: number, all: readonly ListedProcess[]): ListedProcess[] {
  const children = Map.groupBy(all, ({ parentPid }) => parentPid);
  const found: ListedProcess[] = [];
  const seen = new Set([pid]);
  const next = [pid];
  for (let parent = next.shift(); parent !== undefined; parent = next.shift()) {
    for (const child of children.get(parent) ?? []) {
      if (seen.has(child.pid)) continue;
      seen.add(child.pid);
      found.push(child);
      next.push(child.pid);
    }
  }
  return found;
}
