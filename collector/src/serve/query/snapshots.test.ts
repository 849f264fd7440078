// Pages of a list that is kept: complete, bounded in time and number.
import { expect, test } from 'vitest';
import { decodeCursor } from './cursor.ts';
import { createSnapshots, snapshotPosition } from './snapshots.ts';

const of = 'query';
const position = (cursor: string | null) => decodeCursor(cursor!, of, snapshotPosition);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

test('all pages together are the list, whatever their sizes', () => {
  const snapshots = createSnapshots<number, string>();
  const first = snapshots.first(of, range(10), 4, 'then');
  const second = snapshots.next(of, position(first.nextCursor), 5);
  const third = snapshots.next(of, position(second.nextCursor), 5);
  expect([...first.items, ...second.items, ...third.items]).toEqual(range(10));
  expect(third).toMatchObject({ nextCursor: null, context: 'then' });
});

test('a list that fits on a page is not kept', () => {
  const snapshots = createSnapshots<number, string>();
  expect(snapshots.first(of, range(4), 4, '').nextCursor).toBeNull();
  expect(snapshots.counters()).toMatchObject({ snapshots: 0, snapshot_items: 0 });
});

test('a list is kept for a minute from its last use', () => {
  let now = 0;
  const snapshots = createSnapshots<number, string>(() => now);
  const { nextCursor } = snapshots.first(of, range(9), 1, '');
  for (now of [50_000, 100_000]) snapshots.next(of, position(nextCursor), 1);
  now = 160_001;
  expect(() => snapshots.next(of, position(nextCursor), 1)).toThrow(/kept for a minute/);
  expect(snapshots.counters()).toMatchObject({ snapshots: 0, snapshots_evicted_total: 0 });
});

test('beyond the bound the list used longest ago goes first', () => {
  const snapshots = createSnapshots<number, string>(() => 0);
  const [a, b, c] = range(3).map(() => snapshots.first(of, range(90_000), 1, '').nextCursor);
  expect(() => snapshots.next(of, position(a!), 1)).toThrow(/kept for a minute/);
  expect(snapshots.next(of, position(b!), 1).items).toEqual([1]);
  expect(snapshots.next(of, position(c!), 1).items).toEqual([1]);
  expect(snapshots.counters()).toEqual({ snapshots: 2, snapshot_items: 180_000, snapshots_evicted_total: 1 });
});
