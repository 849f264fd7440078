// Sorting, holding an order under the pointer, windowing.
import { describe, expect, it } from 'vitest';
import { holdOrder, sortRows, visibleWindow, type SortValue } from './ordered-rows.ts';

const row = (key: number, value: SortValue) => ({ key, value });
const query = (descending: boolean) => ({
  matches: (entry: { key: number; value: SortValue }) => entry.key >= 0,
  value: (entry: { key: number; value: SortValue }) => entry.value,
  descending,
});
const sorted = (values: SortValue[], descending: boolean) =>
  sortRows(
    values.map((value, index) => row(index, value)),
    query(descending),
  ).map((entry) => entry.value);

describe('sortRows', () => {
  it.each([
    [[3, 1, 2], false, [1, 2, 3]],
    [[3, 1, 2], true, [3, 2, 1]],
    [[null, 0, 5], true, [5, 0, null]],
    [[null, 0, 5], false, [0, 5, null]],
    [['web-10', 'web-9', 'Web-1'], false, ['Web-1', 'web-9', 'web-10']],
    [['b', null, '', 'a'], false, ['a', 'b', null, '']],
    [[], false, []],
  ] as [SortValue[], boolean, SortValue[]][])('%j, descending %s', (values, descending, expected) =>
    expect(sorted(values, descending)).toEqual(expected),
  );

  it('equal values keep the order of their keys both ways', () => {
    const rows = [row(2, 1), row(1, 1), row(3, 1)];
    for (const descending of [true, false])
      expect(sortRows(rows, query(descending)).map((entry) => entry.key)).toEqual([1, 2, 3]);
  });

  it('leaves out what does not match', () => {
    const found = sortRows([row(1, 1), row(2, 2)], { ...query(false), matches: (entry) => entry.key === 2 });
    expect(found.map((entry) => entry.key)).toEqual([2]);
  });

  it('sorts 10,000 rows well within a frame budget of 100 ms', () => {
    const rows = Array.from({ length: 10_000 }, (_, key) => row(key, (key * 7919) % 10_007));
    const before = performance.now();
    sortRows(rows, query(true));
    expect(performance.now() - before).toBeLessThan(100);
  });
});

describe('holdOrder', () => {
  const held = [row(1, 9), row(2, 5), row(3, 1)];

  it('keeps places, takes new values, counts what moved and what waits', () => {
    const now = new Map([row(1, 0), row(3, 1), row(4, 7)].map((entry) => [entry.key, entry]));
    const fresh = [now.get(4)!, now.get(3)!, now.get(1)!];
    const view = holdOrder(held, fresh, now, { first: 0, last: 3 });
    expect(view.order).toEqual([row(1, 0), row(2, 5), row(3, 1)]);
    expect(view.waiting).toBe(1);
    expect(view.moved).toBe(3);
  });

  it('counts only inside the window', () => {
    const fresh = [held[1]!, held[0]!, held[2]!];
    const rows = new Map(held.map((entry) => [entry.key, entry]));
    expect(holdOrder(held, fresh, rows, { first: 2, last: 3 }).moved).toBe(0);
  });
});

it.each([
  [0, 240, 100, { first: 0, last: 16 }],
  [2400, 240, 1000, { first: 94, last: 116 }],
  [99_999, 240, 100, { first: 84, last: 100 }],
  [0, 240, 0, { first: 0, last: 0 }],
])('window at %d of %d px over %d rows', (top, height, total, expected) =>
  expect(visibleWindow(top, height, 24, total)).toEqual(expected),
);
