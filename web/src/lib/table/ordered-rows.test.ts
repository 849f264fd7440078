// Sorting rows that are objects.
import { describe, expect, it } from 'vitest';
import { sortRows, type SortValue } from './ordered-rows.ts';

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

  it('texts that change are ranked anew', () => {
    expect(sorted(['b', 'c', 'a'], false)).toEqual(['a', 'b', 'c']);
    expect(sorted(['b', 'c', 'a'], true)).toEqual(['c', 'b', 'a']);
    expect(sorted(['b', 'c', 'd'], false)).toEqual(['b', 'c', 'd']);
    expect(sorted(['b', 'c'], true)).toEqual(['c', 'b']);
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
