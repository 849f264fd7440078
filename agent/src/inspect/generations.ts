// A bounded map that forgets what was not used for long, in constant time: two generations, of which the older goes as a whole.
//
// The usual way, taking a key out of a Map and putting it back at its end, is slow in V8: a place that became free stays in the
// table until it is built anew, and every look at the front or along the key's chain passes over all of them.

export class Generations<T, Key = string> {
  readonly #half: number;
  readonly #onForgotten: ((key: Key, value: T) => void) | undefined;
  #young = new Map<Key, T>();
  #old = new Map<Key, T>();
  /** How many were forgotten because there was no room. */
  evicted = 0;

  /** Keeps between half the limit and the limit. */
  constructor(limit: number, onForgotten?: (key: Key, value: T) => void) {
    this.#half = Math.max(1, limit >> 1);
    this.#onForgotten = onForgotten;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Key): T | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, older);
    return older;
  }

  set(key: Key, value: T): void {
    this.#old.delete(key);
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.evicted += this.#old.size;
      this.rotate();
    }
    this.#young.set(key, value);
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Forgets what was not used since the last time. */
  rotate(): void {
    const forgotten = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    if (this.#onForgotten) for (const [key, value] of forgotten) this.#onForgotten(key, value);
  }
}
