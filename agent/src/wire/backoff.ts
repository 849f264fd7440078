// How long to wait before the next attempt: full jitter, so that a fleet does not come back all at once.

export interface Backoff {
  /** Waiting time after one more failure. `atLeastMs`: what the other side asked for (Retry-After). */
  nextMs(atLeastMs?: number): number;
  /** The connection held: the next failure starts from the shortest time. */
  reset(): void;
}

const baseMs = 500;
const capMs = 60_000;

/** `random` yields [0, 1). The wait is random up to 0.5 s, 1 s, 2 s … 60 s, never less than a tenth of the base. */
export function createBackoff(random: () => number): Backoff {
  let failures = 0;
  return {
    nextMs(atLeastMs = 0) {
      const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.min(failures++, 16));
      return Math.round(atLeastMs + Math.max(baseMs / 10, random() * ceilingMs));
    },
    reset() {
      failures = 0;
    },
  };
}
