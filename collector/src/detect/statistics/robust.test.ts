// Median, MAD, quartiles and skew, beside values worked out by hand and what must hold for any numbers.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bowleySkew, median, medianAbsoluteDeviation, quantile, sortedCopy } from './robust.ts';

test.each([
  [[3], 3],
  [[1, 2], 1.5],
  [[9, 1, 5], 5],
  [[1, 1, 1, 1000], 1],
])('median of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

test('nothing has no median', () => expect(median([])).toBeNaN());

test('the MAD does not see one outlier', () => {
  expect(medianAbsoluteDeviation([10, 11, 12, 13, 14])).toBe(1);
  expect(medianAbsoluteDeviation([10, 11, 12, 13, 1e9])).toBe(1);
});

test('the skew says on which side the tail is', () => {
  expect(bowleySkew([1, 2, 3, 4, 5])).toBeCloseTo(0);
  expect(bowleySkew([1, 1, 1, 1, 9, 9, 9])).toBeGreaterThan(0.9);
  expect(bowleySkew([5, 5, 5])).toBe(0);
});

test('quantiles lie within the values and rise with the share', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, one, other) => {
        const sorted = sortedCopy(values);
        const [low, high] = [quantile(sorted, Math.min(one, other)), quantile(sorted, Math.max(one, other))];
        expect(low).toBeGreaterThanOrEqual(sorted[0]!);
        expect(high).toBeLessThanOrEqual(sorted.at(-1)!);
        expect(high - low).toBeGreaterThanOrEqual(-1e-6);
      },
    ),
  );
});
