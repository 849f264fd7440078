// Slows down who fails again and again: some failures are free, each further one doubles the wait up to a bound.
import { createHash, randomBytes } from 'node:crypto';

export interface BackoffRule {
  /** Failures that cost nothing. */
  free: number;
  /** The first wait; each further failure doubles it. */
  firstMs: number;
  mostMs: number;
  /** So long without a failure, and all are forgotten. */
  forgetMs: number;
}

export interface Backoff {
  /** Until the next attempt of this key is looked at; 0 = go on. */
  waitMs(key: string): number;
  failed(key: string): void;
  /** Forgets the key's failures. */
  forget(key: string): void;
  /** Takes one failure back. */
  forgive(key: string): void;
}

/** Keys share a slot by chance about once in so many: the memory is fixed, and nobody can push a key out by sending others. */
const slots = 1 << 16;

/** An attempt that is refused while it has to wait changes nothing, so nobody can lengthen another's wait by knocking on. */
export function createBackoff({ free, firstMs, mostMs, forgetMs }: BackoffRule, now: () => number): Backoff {
  const failures = new Uint32Array(slots);
  const lastMs = new Float64Array(slots);
  const secret = randomBytes(16);
  const slotOf = (key: string): number =>
    createHash('sha256').update(secret).update(key).digest().readUInt32LE(0) % slots;
  const countIn = (slot: number): number => (now() - lastMs[slot]! >= forgetMs ? 0 : failures[slot]!);
  return {
    waitMs(key) {
      const slot = slotOf(key);
      const beyond = countIn(slot) - free;
      if (beyond < 0) return 0;
      return Math.max(0, lastMs[slot]! + Math.min(mostMs, firstMs * 2 ** beyond) - now());
    },
    failed(key) {
      const slot = slotOf(key);
      failures[slot] = countIn(slot) + 1;
      lastMs[slot] = now();
    },
    forget(key) {
      failures[slotOf(key)] = 0;
    },
    forgive(key) {
      const slot = slotOf(key);
      failures[slot] = Math.max(0, countIn(slot) - 1);
    },
  };
}
