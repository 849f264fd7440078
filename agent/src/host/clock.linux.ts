// CLOCK_BOOTTIME and CLOCK_REALTIME of this host.
import type { Clock } from './clock.ts';
import { openLibc, systemCallError } from './linux/libc.ts';

// linux/time.h
const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;

export function createLinuxClock(): Clock {
  const libc = openLibc();
  const timespec = new Uint8Array(16);
  const words = new Uint32Array(timespec.buffer);
  const read = (clock: number): number => {
    if (libc.clockGettime(clock, timespec) !== 0) throw systemCallError(libc, `clock_gettime(${clock})`);
    return (words[0]! + words[1]! * 2 ** 32) * 1e6 + Math.floor(words[2]! / 1e3);
  };
  return { boottimeUs: () => read(CLOCK_BOOTTIME), wallUs: () => read(CLOCK_REALTIME) };
}
