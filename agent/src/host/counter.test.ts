// Counters that wrap and counters that start again.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counterDelta, ratePerSecond } from './counter.ts';

const WRAP = 2 ** 32;
const HALF = 2 ** 52;
const MIDDLE = 3_000_000_000;

describe('counterDelta', () => {
  it('is the difference of a counter that only grows', () => {
    fc.assert(
      fc.property(fc.nat({ max: HALF }), fc.nat({ max: HALF }), (from, grown) => {
        expect(counterDelta(from, from + grown)).toBe(grown);
      }),
    );
  });

  it('follows a 32-bit counter over its wrap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: WRAP * 0.75, max: WRAP - 1 }),
        fc.integer({ min: 1, max: WRAP / 4 }),
        (from, grown) => {
          expect(counterDelta(from, (from + grown) % WRAP)).toBe(grown);
        },
      ),
    );
  });

  it('counts from zero after a reset, and is never negative', () => {
    fc.assert(
      fc.property(fc.nat({ max: MIDDLE }), fc.nat({ max: MIDDLE }), (from, now) => {
        expect(counterDelta(from, now)).toBe(now < from ? now : now - from);
      }),
    );
    expect(counterDelta(WRAP * 4, 10)).toBe(10);
  });
});

it('gives rates a second, and none without time', () => {
  expect(ratePerSecond(500, 500_000)).toBe(1000);
  expect(ratePerSecond(500, 0)).toBe(0);
});
