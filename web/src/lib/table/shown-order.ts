// The order that a table shows: applied at once, or held while somebody's pointer rests on it and counted what would move.
import type { TableSource } from './table-source.ts';
import type { Sort } from './sort.ts';

export interface Pending {
  /** How many rows would be elsewhere inside the visible window if a held order were applied. */
  moved: number;
  /** How many new rows wait for a held order to be applied. */
  waiting: number;
}

const nothing: Pending = { moved: 0, waiting: 0 };

export class ShownOrder {
  slots = new Uint32Array();
  #keys = new Uint32Array();

  get length(): number {
    return this.slots.length;
  }

  /** Takes the source's order as it is now. */
  apply<Row>(source: TableSource<Row>, sort: Sort): Pending {
    source.settle();
    this.slots = source.order(sort) as Uint32Array<ArrayBuffer>;
    this.#keys = new Uint32Array(this.slots.length);
    for (let i = 0; i < this.slots.length; i++) this.#keys[i] = source.keyOf(this.slots[i]!);
    return nothing;
  }

  /** Rows keep their place, closed ones too; new ones wait. Rows whose slot has become another's leave. */
  hold<Row>(source: TableSource<Row>, sort: Sort, window: { first: number; last: number }): Pending {
    const fresh = source.order(sort);
    const shown = new Uint8Array(largest(fresh, this.slots) + 1);
    let kept = 0;
    for (let i = 0; i < this.slots.length; i++) {
      if (source.keyOf(this.slots[i]!) !== this.#keys[i]) continue;
      this.slots[kept] = this.slots[i]!;
      this.#keys[kept++] = this.#keys[i]!;
      shown[this.slots[i]!] = 1;
    }
    this.slots = this.slots.subarray(0, kept);
    this.#keys = this.#keys.subarray(0, kept);
    let waiting = 0;
    for (const slot of fresh) if (shown[slot] === 0) waiting++;
    let moved = 0;
    for (let i = window.first; i < Math.min(window.last, kept); i++) if (fresh[i] !== this.slots[i]) moved++;
    return { moved, waiting };
  }

  /** Where the row of this key stands; -1 when it is not shown. */
  placeOf(key: number | undefined): number {
    return key === undefined ? -1 : this.#keys.indexOf(key);
  }
}

function largest(...lists: Uint32Array[]): number {
  let most = 0;
  for (const list of lists) for (let i = 0; i < list.length; i++) if (list[i]! > most) most = list[i]!;
  return most;
}
