// How many new findings a host may bring: so that one that makes them up cannot drown the others, nor its own severe ones.

/** New findings of a host at once, and how many more an hour. Severe ones have an allowance of their own. */
const burst = 200;
const perHour = 50;
/** Stored findings of a host; beyond it nothing new is taken. The upper part is for severe ones. */
const mostStored = 2_000;
const mostStoredMild = 1_500;
const high = 2;

interface Bucket {
  left: number;
  atMs: number;
}

export class Allowance {
  readonly #buckets = new Map<string, Bucket>();
  readonly #stored = new Map<number, number>();

  /** What is stored already. */
  count(hostId: number): void {
    this.#stored.set(hostId, (this.#stored.get(hostId) ?? 0) + 1);
  }

  /** Findings were deleted: count anew. */
  clear(): void {
    this.#stored.clear();
  }

  /** Takes one; false: no more for now. */
  take(hostId: number, severity: number, nowMs: number): boolean {
    const severe = severity >= high;
    const stored = this.#stored.get(hostId) ?? 0;
    if (stored >= (severe ? mostStored : mostStoredMild)) return false;
    const key = `${hostId} ${severe}`;
    const bucket = this.#buckets.get(key) ?? { left: burst, atMs: nowMs };
    const left = Math.min(burst, bucket.left + ((nowMs - bucket.atMs) / 3_600_000) * perHour);
    if (left < 1) return false;
    this.#buckets.set(key, { left: left - 1, atMs: nowMs });
    this.count(hostId);
    return true;
  }
}
