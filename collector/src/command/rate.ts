// How often each may do something within a minute.

const minuteMs = 60_000;
const mostKeys = 10_000;

export class Rate<Key> {
  readonly #most: number;
  readonly #now: () => number;
  readonly #times = new Map<Key, number[]>();

  /** `now` in milliseconds. */
  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#now = now;
  }

  /** False: it was done as often as it may be within the last minute. */
  take(key: Key): boolean {
    const nowMs = this.#now();
    const times = (this.#times.get(key) ?? []).filter((time) => nowMs - time < minuteMs);
    if (times.length >= this.#most) return false;
    // The oldest keys go first: whoever fills the map may do a little more, but never keeps anybody from anything.
    this.#times.delete(key);
    if (this.#times.size >= mostKeys) this.#times.delete(this.#times.keys().next().value!);
    this.#times.set(key, [...times, nowMs]);
    return true;
  }

  forget(key: Key): void {
    this.#times.delete(key);
  }
}
