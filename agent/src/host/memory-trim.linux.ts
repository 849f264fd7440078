// Gives memory back that only the start needed: pages of the executable that nothing touches any more, and free pages of malloc.
import { readFileSync, readlinkSync } from 'node:fs';
import { openLibc } from './linux/libc.ts';

const MADV_DONTNEED = 4;

interface Mapping {
  address: bigint;
  length: number;
}

/**
 * What is used again comes back from the page cache, at a fraction of a microsecond a page. Does nothing where it cannot; throws
 * HostError `libc-missing`.
 */
export function trimMemory(): void {
  const libc = openLibc();
  try {
    const executable = readlinkSync('/proc/self/exe');
    const mappings = cleanMappings(readFileSync('/proc/self/smaps', 'latin1'), executable);
    for (const { address, length } of mappings) libc.madvise(address, length, MADV_DONTNEED);
  } catch {
    // Without /proc it stays as it is.
  }
  libc.mallocTrim();
}

/** Mappings of this file that nobody can write to and nobody has: what was changed in a private copy would be lost. */
export function cleanMappings(smaps: string, file: string): Mapping[] {
  const found: Mapping[] = [];
  for (const block of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \S+ +(.*)$/m.exec(block);
    if (head?.[3] !== file || !/^Anonymous: +0 kB$/m.test(block) || !/^Private_Dirty: +0 kB$/m.test(block)) continue;
    const address = BigInt(`0x${head[1]}`);
    found.push({ address, length: Number(BigInt(`0x${head[2]}`) - address) });
  }
  return found;
}
