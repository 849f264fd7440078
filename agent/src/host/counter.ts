// Differences of counters that may wrap at 32 bits or start again at zero.

const WRAP = 2 ** 32;

/**
 * What was counted between two readings. A lower reading is a wrap when the counter was in the last quarter of 32 bits and is
 * in the first now (drivers that keep 32-bit counters); else it started again at zero, and what it shows was counted since.
 */
export function counterDelta(previous: number, now: number): number {
  if (now >= previous) return now - previous;
  const wrapped = previous < WRAP && previous >= WRAP * 0.75 && now < WRAP * 0.25;
  return wrapped ? WRAP - previous + now : now;
}

/** Whole units a second; 0 when no time has passed. */
export function ratePerSecond(delta: number, elapsedUs: number): number {
  return elapsedUs > 0 ? Math.round((delta * 1e6) / elapsedUs) : 0;
}
