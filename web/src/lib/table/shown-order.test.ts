// An order that is held under the pointer: places stay, values are new, what would move and what waits is counted.
import { describe, expect, it } from 'vitest';
import { ShownOrder } from './shown-order.ts';
import { rowSource } from './table-source.ts';
import { visibleWindow } from './window.ts';

const sort = { column: 'value', descending: true };
const row = (key: number, value: number) => ({ key, value, closed: false });
const mapOf = (...rows: ReturnType<typeof row>[]) => new Map(rows.map((entry) => [entry.key, entry]));
const sourceOf = (rows: Map<number, ReturnType<typeof row>>) =>
  rowSource(
    rows,
    () => true,
    (entry) => entry.value,
  );

describe('held', () => {
  const whole = { first: 0, last: 10 };
  function held() {
    const rows = mapOf(row(1, 9), row(2, 5), row(3, 1));
    const source = sourceOf(rows);
    const order = new ShownOrder();
    order.apply(source, sort);
    return { rows, source, order, keys: () => Array.from(order.slots, (slot) => source.row(slot).key) };
  }

  it('keeps places, takes new values, counts what moved and what waits', () => {
    const { rows, source, order, keys } = held();
    rows.get(1)!.value = 0;
    rows.set(3, row(3, 2));
    rows.delete(2);
    rows.set(4, row(4, 7));
    expect(order.hold(source, sort, whole)).toEqual({ moved: 3, waiting: 1 });
    expect(keys()).toEqual([1, 2, 3]);
    expect(source.row(order.slots[2]!).value).toBe(2);
    expect(order.placeOf(3)).toBe(2);
    order.apply(source, sort);
    expect(keys()).toEqual([4, 3, 1]);
    expect(order.placeOf(2)).toBe(-1);
  });

  it('counts only inside the window', () => {
    const { rows, source, order } = held();
    rows.get(1)!.value = 3;
    expect(order.hold(source, sort, { first: 2, last: 3 }).moved).toBe(0);
  });
});

it.each([
  [0, 240, 100, 1, { first: 0, last: 16 }],
  [2400, 240, 1000, 1, { first: 94, last: 116 }],
  [99_999, 240, 100, 1, { first: 84, last: 100 }],
  [0, 240, 0, 1, { first: 0, last: 0 }],
  [2400, 240, 1000, 3, { first: 282, last: 348 }],
  [99_999, 240, 100, 3, { first: 54, last: 100 }],
])('window at %d of %d px over %d items, %d beside each other', (top, height, total, perRow, expected) =>
  expect(visibleWindow(top, height, 24, total, perRow)).toEqual(expected),
);
