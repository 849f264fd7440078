// The sketch beside exact quantiles, its bound, its fading, and what comes back from what was saved.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QuantileSketch } from './quantile-sketch.ts';
import { quantile, sortedCopy } from './robust.ts';

const hourUs = 3.6e9;
const start = 497_000 * hourUs;

test('quantiles are right to within a bucket', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1, max: 1e12, noNaN: true }), { minLength: 30, maxLength: 300 }),
      (values) => {
        const sketch = new QuantileSketch();
        for (const value of values) sketch.add(start, value);
        const sorted = sortedCopy(values);
        for (const share of [0.25, 0.5, 0.9]) {
          // Between neighbours any value is right.
          const below = quantile(sorted, Math.max(0, share - 2 / sorted.length));
          const above = quantile(sorted, Math.min(1, share + 2 / sorted.length));
          expect(sketch.quantile(share)).toBeGreaterThanOrEqual(below / 1.1);
          expect(sketch.quantile(share)).toBeLessThanOrEqual(above * 1.1);
        }
      },
    ),
  );
});

test('what is below one counts as zero', () => {
  const sketch = new QuantileSketch();
  for (const value of [0, 0.5, Number.NaN, 1000]) sketch.add(start, value);
  expect(sketch.quantile(0.5)).toBe(0);
  expect(sketch.quantile(1)).toBeGreaterThan(900);
});

test('old values fade: after three months a new level rules', () => {
  const sketch = new QuantileSketch();
  for (let at = 0; at < 100; at++) sketch.add(start, 1e9);
  for (let day = 0; day < 90; day++) sketch.add(start + day * 24 * hourUs, 1e3);
  expect(sketch.quantile(0.6)).toBeLessThan(2e3);
  expect(sketch.weight).toBeLessThan(40);
});

test('it stays bounded whatever comes, and what is saved comes back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.double({ min: -10, max: 1e300, noNaN: true })), {
        maxLength: 600,
      }),
      (values) => {
        const sketch = new QuantileSketch();
        for (const [hours, value] of values) sketch.add(start + hours * hourUs, value);
        const saved = JSON.parse(JSON.stringify(sketch.save()));
        expect(saved.buckets.length).toBeLessThanOrEqual(640);
        const restored = QuantileSketch.restore(saved);
        if (values.length === 0) return;
        expect(restored.quantile(0.5)).toBeCloseTo(sketch.quantile(0.5), 5);
      },
    ),
    { numRuns: 50 },
  );
});

test.each([undefined, null, 7, {}, { hour: 1, zero: 0, buckets: 'x' }, { hour: Number.NaN, zero: 0, buckets: [] }])(
  'restoring %j gives an empty one',
  (state) => expect(QuantileSketch.restore(state).weight).toBe(0),
);
