// The ceiling: the most that this host lets its agent do, kept in a file that only root can have written.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** From least to most; each allows what stands before it. */
export const ceilings = ['observe', 'probe', 'capture-headers', 'capture-payload', 'terminate'] as const;
export type Ceiling = (typeof ceilings)[number];

const lowest: Ceiling = 'observe';
const othersMayWrite = 0o022;
const mostBytes = 65_536;

export function isAbove(one: Ceiling, other: Ceiling): boolean {
  return ceilings.indexOf(one) > ceilings.indexOf(other);
}

export function ceilingText(ceiling: Ceiling): string {
  return `${JSON.stringify({ allow: ceiling }, null, 2)}\n`;
}

/** undefined when there is no file; `observe` when it is one that others may have written or that says nothing known. */
export function readCeiling(path: string, owner = 0): Ceiling | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : lowest;
  }
  try {
    const { uid, mode, size } = fstatSync(descriptor);
    if (uid !== owner || (mode & othersMayWrite) !== 0 || size > mostBytes) return lowest;
    const content = JSON.parse(readFileSync(descriptor, 'utf8')) as { allow?: unknown } | null;
    return ceilings.find((name) => name === content?.allow) ?? lowest;
  } catch {
    return lowest;
  } finally {
    closeSync(descriptor);
  }
}
