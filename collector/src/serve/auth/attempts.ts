// Bounds failed attempts to sign in: a bucket that failures empty and time refills.

export interface Attempts {
  /** Seconds to wait before the next attempt is looked at; 0 = go on. */
  waitSeconds(): number;
  failed(): void;
  /** Failures since start, for /metrics. */
  readonly failures: number;
}

/** Everyone comes from loopback, so there is one bucket for all, large enough that a person never meets its bottom. */
export function createAttempts(perMinute: number, now: () => number = Date.now): Attempts {
  let left = perMinute;
  let at = now();
  let failures = 0;
  const refill = () => {
    const time = now();
    left = Math.min(perMinute, left + (Math.max(0, time - at) * perMinute) / 60_000);
    at = time;
  };
  return {
    waitSeconds() {
      refill();
      return left >= 1 ? 0 : Math.ceil(((1 - left) * 60) / perMinute);
    },
    failed() {
      refill();
      left = Math.max(0, left - 1);
      failures += 1;
    },
    get failures() {
      return failures;
    },
  };
}
