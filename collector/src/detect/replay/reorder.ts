// Puts nearly ordered records in order by looking a bounded number of them ahead.
import type { ReplayRecord } from './record.ts';

interface Held {
  record: ReplayRecord;
  /** Of equal times the first that came goes first. */
  order: number;
}

/** A binary heap, the earliest on top. */
export class Reorder {
  readonly #ahead: number;
  readonly #heap: Held[] = [];
  #order = 0;

  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  /** @returns what is certain, or has to go for want of room. */
  push(record: ReplayRecord): ReplayRecord | undefined {
    this.#heap.push({ record, order: this.#order++ });
    this.#up(this.#heap.length - 1);
    return this.#heap.length > this.#ahead ? this.#pop() : undefined;
  }

  *rest(): IterableIterator<ReplayRecord> {
    for (let record = this.#pop(); record !== undefined; record = this.#pop()) yield record;
  }

  #pop(): ReplayRecord | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down();
    }
    return top.record;
  }

  #up(start: number): void {
    const heap = this.#heap;
    for (let at = start; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) return;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #down(): void {
    const heap = this.#heap;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const least = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left;
      if (!isBefore(heap[least]!, heap[at]!)) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

const isBefore = (a: Held, b: Held): boolean =>
  a.record.atUs < b.record.atUs || (a.record.atUs === b.record.atUs && a.order < b.order);
