// How many a second, over the last two minutes, and what is normal there.

const keptSeconds = 120;
/** Normal follows slowly: half of it is younger than this. */
const halfLifeSeconds = 600;

interface Second {
  bad: number;
  good: number;
}

export class RateWindow {
  readonly #seconds = new Map<number, Second>();
  /** Bad ones a second, as it was before the last two minutes. */
  normal = 0;
  #settled = -Infinity;

  /** Spreads what happened over its span. @returns the highest rate of a second that it came to, of those that are mostly bad. */
  add(startUs: number, endUs: number, amount: number, isBad: boolean): number {
    const last = Math.floor(endUs / 1e6);
    const whole = Math.max(1, last - Math.floor(startUs / 1e6) + 1);
    const first = last - Math.min(whole, keptSeconds) + 1;
    const each = amount / whole;
    let highest = 0;
    for (let at = first; at <= last; at++) {
      const second = this.#second(at);
      if (isBad) second.bad += each;
      else second.good += each;
      if (second.bad >= 10 * second.good) highest = Math.max(highest, second.bad);
    }
    return highest;
  }

  /** The most good ones of a second of the span. */
  good(startUs: number, endUs: number): number {
    const [first, last] = [Math.floor(startUs / 1e6), Math.floor(endUs / 1e6)];
    let most = 0;
    for (let at = Math.max(first, last - keptSeconds + 1); at <= last; at++)
      most = Math.max(most, this.#seconds.get(at)?.good ?? 0);
    return most;
  }

  /** What is older than the window becomes what is normal. @returns whether anything is left in the window. */
  settle(nowUs: number): boolean {
    const until = Math.floor(nowUs / 1e6) - keptSeconds;
    for (const [at, { bad }] of this.#seconds) {
      if (at >= until) continue;
      this.#seconds.delete(at);
      const passed = Math.max(1, Math.min(at - this.#settled, 86_400));
      this.#settled = Math.max(this.#settled, at);
      this.normal = this.normal * 0.5 ** (passed / halfLifeSeconds) + bad * (1 - 0.5 ** (1 / halfLifeSeconds));
    }
    return this.#seconds.size > 0;
  }

  #second(at: number): Second {
    let second = this.#seconds.get(at);
    if (second === undefined) {
      second = { bad: 0, good: 0 };
      this.#seconds.set(at, second);
    }
    return second;
  }
}
