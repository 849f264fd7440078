// The radix order against comparisons, over every kind of number.
import { describe, expect, it } from 'vitest';
import { radixOrder } from './radix-order.ts';

const expected = (keys: Float64Array, descending: boolean) =>
  [...keys.keys()].toSorted((a, b) => {
    const [left, right] = [keys[a]!, keys[b]!];
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return descending ? right - left : left - right;
  });

describe('radixOrder', () => {
  const kinds: [string, number[]][] = [
    ['nothing', []],
    ['one', [5]],
    ['all equal', [3, 3, 3]],
    ['unknown among them', [Number.NaN, 1, Number.NaN, -1, 0]],
    ['both zeros', [0, -0, 0, -0]],
    ['signs and fractions', [-1.5, 2.25, -1e300, 1e-300, 1e300, -1e-300, 0.1]],
    ['instants in milliseconds', Array.from({ length: 500 }, (_, i) => 1.79e12 + ((i * 7919) % 503))],
    ['48-bit addresses', Array.from({ length: 500 }, (_, i) => ((i * 104_729) % 509) * 2 ** 39 + (i % 7))],
  ];
  it.each(kinds)('%s', (_, numbers) => {
    const keys = Float64Array.from(numbers);
    for (const descending of [false, true])
      expect([...radixOrder(keys, descending)]).toEqual(expected(keys, descending));
  });

  it('goes on from an order, which decides among equal keys and is left as it was', () => {
    const from = Uint32Array.of(3, 2, 1, 0);
    expect([...radixOrder(Float64Array.of(1, 0, 1, 0), false, from)]).toEqual([3, 1, 2, 0]);
    expect([...from]).toEqual([3, 2, 1, 0]);
  });
});
