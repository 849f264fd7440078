// How a host's boottime stands to the collector's clock: estimated for the boot that is connected, derived for earlier ones.
import type { SealedBatch } from '@foretop/proto';

export interface CollectorClock {
  /** Microseconds since the Unix epoch; may be set. */
  wallUs(): number;
  /** Microseconds since some instant; never set. */
  monotonicUs(): number;
}

export const systemClock: CollectorClock = {
  wallUs: () => Date.now() * 1000,
  monotonicUs: () => Number(process.hrtime.bigint() / 1000n),
};

/**
 * How fast two hosts' clocks may drift apart while NTP slews one of them: 500 ppm is adjtimex's limit (MAXFREQ in
 * include/linux/timex.h).
 */
const driftPpm = 500;

/**
 * Estimates collector's Unix time − boottime of one session. A reading arrives late by its way through the network, never
 * early, so the smallest difference is the best; it may rise only as fast as clocks drift. Measured against the collector's
 * monotonic clock, so that setting the collector's clock takes effect at once.
 */
export class BootOffset {
  readonly #clock: CollectorClock;
  #differenceUs: number;
  #readUs: number;

  constructor(clock: CollectorClock, boottimeUs: number) {
    this.#clock = clock;
    this.#readUs = clock.monotonicUs();
    this.#differenceUs = this.#readUs - boottimeUs;
  }

  /** A reading that has just arrived. */
  observe(boottimeUs: number): void {
    const nowUs = this.#clock.monotonicUs();
    const driftUs = ((nowUs - this.#readUs) * driftPpm) / 1_000_000;
    this.#differenceUs = Math.min(nowUs - boottimeUs, this.#differenceUs + driftUs);
    this.#readUs = nowUs;
  }

  offsetUs(): number {
    return Math.round(this.#differenceUs + this.#clock.wallUs() - this.#clock.monotonicUs());
  }
}

/** A host's two clocks, read together. */
export interface HostReading {
  boottimeUs: number;
  wallUs: number;
}

export interface PresentBoot {
  bootId: Uint8Array;
  offsetUs: number;
  /** The host's clocks, read in this boot. */
  reading: HostReading;
}

/**
 * Collector's Unix time − boottime for the boot that a batch was recorded in. For an earlier boot: what the collector had
 * told the agent then; if it never had, the host's wall clock of that time, corrected by how wrong that clock is now.
 */
export function batchOffsetUs(batch: SealedBatch, present: PresentBoot): number {
  if (sameBytes(batch.bootId ?? none, present.bootId)) return present.offsetUs;
  if (batch.bootOffsetUs) return batch.bootOffsetUs;
  const wallOffsetUs = present.reading.wallUs - present.reading.boottimeUs;
  return (batch.wallOffsetUs ?? 0) + present.offsetUs - wallOffsetUs;
}

const none = new Uint8Array(0);

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
