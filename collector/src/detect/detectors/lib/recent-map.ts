// A bounded map that forgets what was not used for long: two generations, of which the older goes as a whole.

export class RecentMap<Value, Key = string> {
  readonly #half: number;
  readonly #forgotten: ((value: Value, key: Key) => void) | undefined;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** Keeps between half the limit and the limit. */
  constructor(limit: number, forgotten?: (value: Value, key: Key) => void) {
    this.#half = Math.max(1, limit >> 1);
    this.#forgotten = forgotten;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Counts as use. */
  get(key: Key): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, older);
    return older;
  }

  /** Does not count as use. */
  peek(key: Key): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: Key, value: Value): void {
    this.#old.delete(key);
    if (this.#young.size >= this.#half && !this.#young.has(key)) this.rotate();
    this.#young.set(key, value);
  }

  getOrMake(key: Key, make: () => Value): Value {
    const known = this.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.set(key, made);
    return made;
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Forgets what was not used since the last time. */
  rotate(): void {
    const gone = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    if (this.#forgotten) for (const [key, value] of gone) this.#forgotten(value, key);
  }

  *entries(): IterableIterator<[Key, Value]> {
    yield* this.#young;
    yield* this.#old;
  }

  *values(): IterableIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }
}
