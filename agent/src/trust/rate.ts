// How often something may happen within a minute of a clock that nobody sets.
import type { Clock } from '../host/clock.ts';

const minuteUs = 60_000_000;

export class Rate {
  readonly #clock: Pick<Clock, 'boottimeUs'>;
  readonly #most: number;
  #times: number[] = [];

  constructor(most: number, clock: Pick<Clock, 'boottimeUs'>) {
    this.#most = most;
    this.#clock = clock;
  }

  /** False = it was the one too many; that one does not count. */
  take(): boolean {
    const now = this.#clock.boottimeUs();
    this.#times = this.#times.filter((time) => now - time < minuteUs);
    if (this.#times.length >= this.#most) return false;
    this.#times.push(now);
    return true;
  }
}
