// Bytes that are appended and taken from the front, without copying all of them at every step.

export class GrowingBytes {
  #store = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#store.length) {
      const store = new Uint8Array(Math.max(needed, 2 * this.#store.length));
      store.set(this.#store.subarray(0, this.#length));
      this.#store = store;
    }
    this.#store.set(bytes, this.#length);
    this.#length = needed;
  }

  /** A view, valid until the next change. */
  view(): Uint8Array {
    return this.#store.subarray(0, this.#length);
  }

  /** Drops bytes from the front. */
  consume(count: number): void {
    if (count === 0) return;
    // A store of its own, so that one large message does not stay for the life of the flow.
    this.#store = this.#store.slice(count, this.#length);
    this.#length = this.#store.length;
  }
}
