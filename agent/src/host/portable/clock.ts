// The clocks of a system without CLOCK_BOOTTIME for us: uptime for the boot, a monotonic clock for the microseconds.
import { uptime } from 'node:os';
import type { Clock } from '../clock.ts';

export interface ClockSources {
  /** Seconds since boot, suspend included; whole ones on some systems. */
  uptimeSeconds(): number;
  /** Monotonic; may stand still while the machine sleeps. */
  monotonicUs(): number;
  wallUs(): number;
}

const systemSources: ClockSources = {
  uptimeSeconds: uptime,
  monotonicUs: () => Number(process.hrtime.bigint() / 1000n),
  wallUs: () => Math.floor((performance.timeOrigin + performance.now()) * 1e3),
};

// More than uptime's rounding and its drift against the monotonic clock: the machine slept.
const SLEPT_US = 3_000_000;
const COMPARE_EVERY_US = 1_000_000;

/** Follows the monotonic clock; jumps ahead by what the machine slept through, never back. */
export function createPortableClock(sources: ClockSources = systemSources): Clock {
  let ahead = Math.round(sources.uptimeSeconds() * 1e6) - sources.monotonicUs();
  let comparedUs = sources.monotonicUs();
  const boottimeUs = (): number => {
    const monotonic = sources.monotonicUs();
    if (monotonic - comparedUs >= COMPARE_EVERY_US) {
      comparedUs = monotonic;
      const slept = Math.round(sources.uptimeSeconds() * 1e6) - (monotonic + ahead);
      if (slept > SLEPT_US) ahead += slept;
    }
    return monotonic + ahead;
  };
  return { boottimeUs, wallUs: sources.wallUs };
}
