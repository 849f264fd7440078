// Gives memory back that only the start or a flood needed: pages of the executable that nothing touches any more, garbage, and free
// pages of malloc.
import { readFileSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openLibc } from './linux/libc.ts';

const MADV_DONTNEED = 4;
// malloc.h
const M_MMAP_THRESHOLD = -3;
const M_ARENA_MAX = -8;
const LARGE_BYTES = 32 << 10;

interface Mapping {
  address: bigint;
  length: number;
}

/**
 * What is used again comes back from the page cache, at a fraction of a microsecond a page. Does nothing where it cannot; throws
 * HostError `libc-missing`.
 */
function trimPages(): void {
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

/** Free pages of malloc go back to the system. Throws HostError `libc-missing`. */
export function trimMalloc(): void {
  openLibc().mallocTrim();
}

/**
 * One pool of malloc for all threads that begin from now on, which take 3 MB each otherwise; and large blocks are given back as
 * soon as they are free, however large blocks were before. Throws HostError `libc-missing`.
 */
export function boundMalloc(): void {
  const libc = openLibc();
  libc.mallopt(M_ARENA_MAX, 1);
  libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
}

type Flavor = 'regular' | 'last-resort';
type CollectGarbage = (options: { type: 'major'; flavor: Flavor }) => void;

let collectGarbage: CollectGarbage | undefined;

/**
 * V8 lets garbage grow while the machine has room, and knows nothing of a limit of the whole process. `last-resort` throws code away
 * too that was not used of late, and looks several times; `regular` takes a third of its time.
 */
export function relieveMemory(flavor: Flavor = 'last-resort'): void {
  if (!collectGarbage) {
    setFlagsFromString('--expose-gc');
    collectGarbage = runInNewContext('gc') as CollectGarbage;
  }
  collectGarbage({ type: 'major', flavor });
  trimPages();
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
