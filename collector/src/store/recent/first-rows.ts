// Keeps the first so many of a great many rows, in the order in which pages of connections come.

/** A row's place in the order, and how to find it in the database. */
export interface OrderedKey {
  /** Of the sort column; null = unknown, which comes last. */
  value: number | null;
  hostId: number;
  /** The connection's id. */
  high: number;
  low: number;
  endUs: number;
}

/** By value, then by what makes the order total. An id's high half is signed, its low half is not, as one int8. */
export function compareKeys(a: OrderedKey, b: OrderedKey, descending: boolean): number {
  if (a.value !== b.value) {
    if (a.value === null) return 1;
    if (b.value === null) return -1;
    return descending ? b.value - a.value : a.value - b.value;
  }
  return a.hostId - b.hostId || a.high - b.high || (a.low >>> 0) - (b.low >>> 0) || a.endUs - b.endUs;
}

/** A heap whose top is the last of those that are kept. */
export class FirstRows {
  readonly #heap: OrderedKey[] = [];
  readonly #most: number;
  readonly #descending: boolean;
  /** Reused for each row that is looked at: of most rows nothing is kept. */
  readonly #looked: OrderedKey = { value: null, hostId: 0, high: 0, low: 0, endUs: 0 };
  readonly #after: OrderedKey | undefined;

  /** `after`: rows up to this one, and it, are left out. */
  constructor(most: number, descending: boolean, after: OrderedKey | undefined) {
    this.#most = most;
    this.#descending = descending;
    this.#after = after;
  }

  look(value: number | null, hostId: number, high: number, low: number, endUs: number): void {
    const looked = this.#looked;
    looked.value = value;
    looked.hostId = hostId;
    looked.high = high;
    looked.low = low;
    looked.endUs = endUs;
    if (this.#after !== undefined && this.#compare(looked, this.#after) <= 0) return;
    if (this.#heap.length < this.#most) this.#rise({ ...looked });
    else if (this.#most > 0 && this.#compare(looked, this.#heap[0]!) < 0) this.#sink({ ...looked });
  }

  /** In order. */
  rows(): OrderedKey[] {
    return this.#heap.toSorted((a, b) => this.#compare(a, b));
  }

  #compare(a: OrderedKey, b: OrderedKey): number {
    return compareKeys(a, b, this.#descending);
  }

  #rise(key: OrderedKey): void {
    const heap = this.#heap;
    let at = heap.push(key) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#compare(heap[parent]!, key) >= 0) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = key;
  }

  /** In place of the top. */
  #sink(key: OrderedKey): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#compare(heap[child + 1]!, heap[child]!) > 0) child++;
      if (this.#compare(key, heap[child]!) >= 0) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = key;
  }
}
