// An exclusive lock on an open file that the kernel drops with the process, however it ends.
import { openLibc, systemCallError } from './linux/libc.ts';

// sys/file.h
const LOCK_EX = 2;
const LOCK_NB = 4;

/** False = another process holds it. Throws HostError for anything else. */
export function lockFile(descriptor: number): boolean {
  const libc = openLibc();
  if (libc.flock(descriptor, LOCK_EX | LOCK_NB) === 0) return true;
  if (libc.errnoName() === 'EAGAIN') return false;
  throw systemCallError(libc, `flock(${descriptor})`);
}
