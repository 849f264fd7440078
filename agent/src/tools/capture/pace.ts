// How much of a capture is taken off the ring: so much a second, so that neither the host's processor nor the way to the collector is its alone.

/** A second's worth is 16 frames of 48 KiB, of the hundred that a collector takes of one agent. */
const bytesPerSecond = 16 * (48 << 10);
const burstBytes = 1 << 20;

export class Pace {
  #left = burstBytes;
  #filledMs = performance.now();

  spend(bytes: number): void {
    this.#left -= bytes;
  }

  isSpent(): boolean {
    const nowMs = performance.now();
    this.#left = Math.min(burstBytes, this.#left + ((nowMs - this.#filledMs) * bytesPerSecond) / 1_000);
    this.#filledMs = nowMs;
    return this.#left <= 0;
  }
}
