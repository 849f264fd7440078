// The ring keeps order and bound; bisect and gaps at their borders.
import { describe, expect, it } from 'vitest';
import { createSeriesRing, firstAtOrAfter, isGap, nearest } from './series-ring.ts';

const sample = (timeMs: number, stepMs = 100) => ({ timeMs, rxRate: timeMs * 2, txRate: timeMs * 3, stepMs });

function filled(times: number[], capacity = 8) {
  const ring = createSeriesRing(capacity);
  for (const time of times) ring.push(sample(time));
  return ring;
}

describe('ring', () => {
  it('drops the oldest at its bound', () => {
    const ring = filled([1, 2, 3, 4, 5], 3);
    expect([ring.length, ring.at(0).timeMs, ring.at(2).timeMs]).toEqual([3, 3, 5]);
    expect(ring.at(2)).toEqual(sample(5));
  });

  it('refuses samples that are not newer', () => {
    const ring = filled([5]);
    expect(ring.push(sample(5))).toBe(false);
    expect(ring.push(sample(4))).toBe(false);
    expect(ring.length).toBe(1);
  });
});

it.each([
  [0, 0],
  [10, 0],
  [11, 1],
  [30, 2],
  [31, 3],
])('firstAtOrAfter(%d) is %d', (time, index) => expect(firstAtOrAfter(filled([1, 10, 20, 30], 3), time)).toBe(index));

it.each([
  [-5, 10],
  [14, 10],
  [15, 10],
  [16, 20],
  [99, 20],
])('nearest(%d) is at %d', (time, found) => expect(nearest(filled([10, 20]), time)?.timeMs).toBe(found));

it.each([
  [0, 90],
  [20, 90],
  [31, 0],
])('the peak since %d is %d', (since, peak) => expect(filled([1, 10, 20, 30]).peakSince(since)).toBe(peak));

it('nearest of nothing is undefined', () => expect(nearest(filled([]), 1)).toBeUndefined());

it.each([
  [100, 1000, false],
  [100, 1001, true],
  [1000, 2500, false],
  [1000, 2501, true],
  [60_000, 60_000, false],
  [60_000, 120_000, true],
])('step %d: a hole of %d ms is a gap: %s', (step, hole, gap) =>
  expect(isGap(sample(0, step), sample(hole, step))).toBe(gap),
);
