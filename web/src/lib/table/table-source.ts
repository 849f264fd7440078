// Where a table's rows come from: an order of slots, and a row for those that are in sight.
import { sortRows, type SortValue } from './ordered-rows.ts';
import type { Sort } from './sort.ts';

export interface TableSource<Row> {
  /** Slots of the rows that match, in order. */
  order(sort: Sort): Uint32Array;
  /** The row's stable number; another one, or 0, once the slot was given to another row. */
  keyOf(slot: number): number;
  row(slot: number): Row;
  /** Rows that are gone are shown no more. */
  settle(): void;
}

/** Rows that are objects, found by key and changed in place. */
export function rowSource<Row extends { key: number }>(
  rows: ReadonlyMap<number, Row>,
  matches: (row: Row) => boolean,
  value: (row: Row, column: string) => SortValue,
): TableSource<Row> {
  const slots = new Map<number, number>();
  let shown: Row[] = [];
  const slotFor = (row: Row): number => {
    let slot = slots.get(row.key);
    if (slot === undefined) slots.set(row.key, (slot = shown.length));
    shown[slot] = row;
    return slot;
  };
  return {
    order: ({ column, descending }) =>
      Uint32Array.from(sortRows(rows.values(), { matches, value: (row) => value(row, column), descending }), (row) =>
        slotFor(row),
      ),
    keyOf: (slot) => shown[slot]?.key ?? 0,
    row: (slot) => shown[slot]!,
    settle() {
      if (shown.length <= 2 * rows.size + 64) return;
      slots.clear();
      shown = [];
    },
  };
}
