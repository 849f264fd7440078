// Which packets of a list are shown, in which order: indices that grow with the list, so that a packet that comes costs one look.
import { sortPackets, type PacketSort } from './packet-filter.ts';
import type { PacketRow } from './packet-row.ts';

export interface Wanted {
  /** undefined = all of them. */
  matches: ((row: PacketRow) => boolean) | undefined;
  /** undefined = as they came. */
  sort: { by: PacketSort; descending: boolean } | undefined;
}

const firstLength = 1_024;

export class ShownPackets {
  readonly #rows: readonly PacketRow[];
  #wanted: Wanted;
  #order = new Uint32Array(firstLength);
  #length = 0;
  /** Rows that were looked at. */
  #seen = 0;

  constructor(rows: readonly PacketRow[], wanted: Wanted) {
    this.#rows = rows;
    this.#wanted = wanted;
  }

  get length(): number {
    return this.#length;
  }

  /** Looks at what came since. */
  grow(): void {
    const { matches, sort } = this.#wanted;
    const before = this.#length;
    for (; this.#seen < this.#rows.length; this.#seen++) {
      if (matches && !matches(this.#rows[this.#seen]!)) continue;
      if (this.#length === this.#order.length) this.#double();
      this.#order[this.#length++] = this.#seen;
    }
    if (sort && this.#length > before) sortPackets(this.#rows, this.#order.subarray(0, this.#length), sort);
  }

  /** Index of the row at a place. */
  at(place: number): number {
    return this.#order[place]!;
  }

  /** −1: it is not shown. */
  placeOf(index: number): number {
    if (this.#wanted.sort) return this.#order.subarray(0, this.#length).indexOf(index);
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order[middle]! < index) low = middle + 1;
      else high = middle;
    }
    return low < this.#length && this.#order[low] === index ? low : -1;
  }

  #double(): void {
    const grown = new Uint32Array(this.#order.length * 2);
    grown.set(this.#order);
    this.#order = grown;
  }
}
