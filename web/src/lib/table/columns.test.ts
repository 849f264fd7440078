// Sort orders in the address, and which columns fit.
import { expect, it } from 'vitest';
import { columnWidths, fitColumns } from './columns.ts';
import { clickSort, formatSort, parseSort } from './sort.ts';

const column = (id: string, minPx: number, spare: number, grow = 0) => ({ id, label: id, minPx, spare, grow });
const columns = [column('a', 100, 0, 1), column('b', 100, 2), column('c', 100, 1), column('d', 100, 2)];
const ids = (widthPx: number) =>
  fitColumns(columns, widthPx)
    .map((entry) => entry.id)
    .join('');

it.each([
  [400, 'abcd'],
  [399, 'abc'],
  [299, 'ac'],
  [100, 'a'],
  [10, 'a'],
])('in %d px fit %s', (widthPx, expected) => expect(ids(widthPx)).toBe(expected));

it.each([
  [250, [150, 100]],
  [200, [100, 100]],
  [150, [100, 100]],
])('in %d px the one that grows takes what is left', (widthPx, expected) =>
  expect(columnWidths(columns.slice(0, 2), widthPx)).toEqual(expected),
);

it.each(['rx', '-rx'])('sort %s survives the address', (text) =>
  expect(formatSort(parseSort(text, ['rx'], { column: 'x', descending: false }))).toBe(text),
);

it('an unknown column falls back', () =>
  expect(parseSort('-nonsense', ['rx'], { column: 'rx', descending: true })).toEqual({
    column: 'rx',
    descending: true,
  }));

it('clicks turn the order of the same column', () => {
  const first = clickSort({ column: 'name', descending: false }, 'rx', true);
  expect(first).toEqual({ column: 'rx', descending: true });
  expect(clickSort(first, 'rx', true).descending).toBe(false);
});

it('one without content is as wide as its heading, the rest grows; whether it fits goes by its full width', () => {
  const empty = { ...column('b', 100, 2), emptyPx: 40 };
  expect(columnWidths([column('a', 100, 0, 1), empty], 250)).toEqual([210, 40]);
  expect(fitColumns([column('a', 100, 0, 1), empty], 199)).toHaveLength(1);
});
