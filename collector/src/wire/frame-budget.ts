// How many frames a second one agent may send. A key frame of a full table has 50 parts; everything else is a few a second.
import { ProtocolError } from '@foretop/proto';

const framesPerSecond = 100;
const burst = 1_000;

export class FrameBudget {
  readonly #now: () => number;
  #left = burst;
  #filledMs: number;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#filledMs = now();
  }

  /** Throws ProtocolError when it is used up. */
  take(): void {
    const nowMs = this.#now();
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#filledMs) * framesPerSecond) / 1000);
    this.#filledMs = nowMs;
    if (this.#left < 1)
      throw new ProtocolError('unexpected-frame', `more than ${framesPerSecond} frames a second came`);
    this.#left--;
  }
}
