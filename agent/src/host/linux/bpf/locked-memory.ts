// Before Linux 5.11 maps and programs counted as locked memory of the process, of which an ordinary limit allows 64 KB.
import { openLibc } from '../libc.ts';

// asm-generic/resource.h
const RLIMIT_MEMLOCK = 8;
const UNLIMITED = new Uint8Array(16).fill(0xff);

/** Without CAP_SYS_RESOURCE nothing happens, and the kernel will refuse what goes beyond the limit. */
export function allowLockedMemory(): void {
  openLibc().setrlimit(RLIMIT_MEMLOCK, UNLIMITED);
}
