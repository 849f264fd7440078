// A map that holds a fixed number of entries and forgets one that was not used of late: the clock algorithm (Corbató 1968), because to
// move an entry at each use costs more than all else that is done with it.

interface Held<Value> {
  value: Value;
  used: boolean;
}

export class LruMap<Key, Value> {
  readonly #limit: number;
  readonly #entries = new Map<Key, Held<Value>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** And it counts as used. */
  get(key: Key): Value | undefined {
    const held = this.#entries.get(key);
    if (held === undefined) return undefined;
    held.used = true;
    return held.value;
  }

  peek(key: Key): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  /** The entry that had to go, or undefined. */
  set(key: Key, value: Value): [Key, Value] | undefined {
    const held = this.#entries.get(key);
    if (held !== undefined) {
      held.value = value;
      held.used = true;
      return undefined;
    }
    const gone = this.#entries.size >= this.#limit ? this.#forgetOne() : undefined;
    this.#entries.set(key, { value, used: false });
    return gone;
  }

  getOrCreate(key: Key, create: () => Value): Value {
    const present = this.get(key);
    if (present !== undefined) return present;
    const value = create();
    this.set(key, value);
    return value;
  }

  delete(key: Key): boolean {
    return this.#entries.delete(key);
  }

  /** Puts an entry behind all others, as if it had just come. */
  toBack(key: Key): void {
    const held = this.#entries.get(key);
    if (held === undefined) return;
    this.#entries.delete(key);
    this.#entries.set(key, held);
  }

  /** Roughly from the one unused for longest. */
  *entries(): IterableIterator<[Key, Value]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  *values(): IterableIterator<Value> {
    for (const { value } of this.#entries.values()) yield value;
  }

  keys(): IterableIterator<Key> {
    return this.#entries.keys();
  }

  #forgetOne(): [Key, Value] {
    for (const [key, held] of this.#entries) {
      this.#entries.delete(key);
      if (!held.used) return [key, held.value];
      held.used = false;
      this.#entries.set(key, held);
    }
    throw new Error('forgetting an entry of an empty map'); // each was looked at with its mark cleared
  }
}
