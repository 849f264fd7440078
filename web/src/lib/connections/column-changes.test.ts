// Which columns of the connections table there is room for, and how wide they are: empty ones, missing ones, chosen ones.
import { expect, it } from 'vitest';
import { columnWidths, fitColumns } from '../table/columns.ts';
import { columnChanges } from './column-changes.ts';
import { columnsFor } from './connection-columns.ts';

/** What is left for columns beside the rail, in px. */
const inWindow = { desk: 1440 - 188 - 16, tablet: 820 - 188 - 16 - 11 };
const nothing = { missing: {}, empty: [], sorted: 'rx', conditions: [] } as const;

const laidOut = (fleet: boolean, widthPx: number, known: Partial<Parameters<typeof columnChanges>[0]> = {}) => {
  const columns = fitColumns(columnsFor(fleet, false, columnChanges({ ...nothing, ...known })), widthPx);
  const widths = columnWidths(columns, widthPx);
  return Object.fromEntries(columns.map(({ id }, place) => [id, widths[place]!]));
};

const empty = ['country', 'network'] as const;

it('a column that nothing fills is as wide as its heading, and names have its room', () => {
  const [before, after] = [laidOut(false, inWindow.desk), laidOut(false, inWindow.desk, { empty })];
  expect(Object.keys(after)).toEqual(Object.keys(before));
  expect(after['country']).toBeLessThan(before['country']! - 30);
  expect(after['remote']).toBeGreaterThan(before['remote']! + 10);
});

it('such a one by which rows are sorted has room for the mark of that too', () => {
  const sorted = laidOut(false, inWindow.desk, { empty, sorted: 'country' });
  expect(sorted['country']).toBeGreaterThan(laidOut(false, inWindow.desk, { empty })['country']!);
});

it('such a one lets no other column in, and goes first where there is too little room', () => {
  expect(laidOut(false, inWindow.desk, { empty })).not.toHaveProperty('network');
  expect(Object.keys(laidOut(false, 1100, { empty }))).toEqual(
    expect.arrayContaining(['local', 'rtt', 'state', 'duration', 'pid']),
  );
  expect(laidOut(false, 1100)).not.toHaveProperty('local');
});

it('of what no database knows, the heading says why it is empty', () => {
  const columns = columnsFor(false, false, columnChanges({ ...nothing, missing: { network: 'No network database' } }));
  expect(columns.filter(({ title }) => title).map(({ id, label, title }) => [id, label, title])).toEqual([
    ['network', 'Network', 'No network database'],
  ]);
});

it.each([
  [false, { sorted: 'country' }, ['country']],
  [false, { sorted: 'network' }, ['network']],
  [false, { conditions: [{ field: 'country', value: 'DE', exclude: false }] }, ['country']],
  [false, { sorted: 'country', conditions: [{ field: 'asn', value: '64500', exclude: true }] }, ['country', 'network']],
  [false, { sorted: 'rtt' }, ['rtt']],
  [true, { sorted: 'country' }, ['country']],
  [true, { conditions: [{ field: 'asn', value: '64500', exclude: false }] }, ['network']],
] as const)('on a tablet, fleet: %s, %j: what is chosen stays', (fleet, known, chosen) => {
  const ids = Object.keys(laidOut(fleet, inWindow.tablet, known));
  expect(ids).toEqual(expect.arrayContaining(['process', 'remote', 'rx', ...chosen]));
  expect(laidOut(fleet, inWindow.tablet)).not.toHaveProperty(chosen[0]);
});

it('what is always in sight needs no change to stay', () =>
  expect(columnChanges({ ...nothing, sorted: 'remote' })).toEqual({}));
