// Size of a page of memory, which differs between kernels of arm64.
import type { Libc } from '../libc.ts';

// bits/confname.h, the same in glibc and musl
const _SC_PAGESIZE = 30;

export function readPageSize(libc: Libc): number {
  const size = libc.sysconf(_SC_PAGESIZE);
  return size > 0 ? size : 4096;
}
