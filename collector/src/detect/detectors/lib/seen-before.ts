// What was seen before, of a bounded number of things, with the day on which each was seen last; things unused for long are forgotten.
import { LruMap } from './lru-map.ts';

export class SeenBefore {
  readonly #days: LruMap<string, number>;

  constructor(limit: number) {
    this.#days = new LruMap(limit);
  }

  get size(): number {
    return this.#days.size;
  }

  /** Whether it is new. */
  add(value: string, day: number): boolean {
    const before = this.#days.get(value);
    this.#days.set(value, Math.max(day, before ?? 0));
    return before === undefined;
  }

  has(value: string): boolean {
    return this.#days.has(value);
  }

  values(): IterableIterator<string> {
    return this.#days.keys();
  }

  /** Values and days, the newest last. */
  save(most: number): (string | number)[] {
    return [...this.#days.entries()].slice(-most).flat();
  }

  static restore(state: unknown, limit: number): SeenBefore {
    const seen = new SeenBefore(limit);
    if (!Array.isArray(state)) return seen;
    for (let at = 0; at + 1 < state.length; at += 2) {
      const [value, day] = [state[at], state[at + 1]];
      if (typeof value === 'string' && Number.isFinite(day)) seen.#days.set(value, day);
    }
    return seen;
  }
}
