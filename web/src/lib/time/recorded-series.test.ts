// Means on record: where they stand, and that the unknown is not drawn.
import { expect, it } from 'vitest';
import { recordedSeries } from './recorded-series.ts';
import { isGap } from './series-ring.ts';

it('stands in the middle of its step, without the unknown ones', () => {
  const series = recordedSeries(1_000_000, 60_000, [5, null, 0, 7], [1, 2, 3, null]);
  expect(Array.from({ length: series.length }, (_, index) => series.at(index))).toEqual([
    { timeMs: 1_030_000, rxRate: 5, txRate: 1, stepMs: 60_000 },
    { timeMs: 1_150_000, rxRate: 0, txRate: 3, stepMs: 60_000 },
  ]);
  expect(isGap(series.at(0), series.at(1))).toBe(true);
});

it('nothing known is an empty series', () => expect(recordedSeries(0, 60_000, [null], [null]).length).toBe(0));
