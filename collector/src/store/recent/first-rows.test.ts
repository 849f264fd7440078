// The first rows of many, against sorting all of them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys, FirstRows, type OrderedKey } from './first-rows.ts';

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const key: fc.Arbitrary<OrderedKey> = fc.record({
  value: fc.option(fc.integer({ min: 0, max: 5 })),
  hostId: fc.integer({ min: 1, max: 3 }),
  high: int32,
  low: int32,
  endUs: fc.integer({ min: 0, max: 3 }),
});

test('as if all were sorted, from any row on, in either direction', () => {
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 60 }),
      fc.nat(20),
      fc.boolean(),
      fc.option(fc.nat(59), { nil: undefined }),
      (keys, most, descending, startAt) => {
        const sorted = keys.toSorted((a, b) => compareKeys(a, b, descending));
        const after = startAt === undefined ? undefined : sorted[startAt];
        const first = new FirstRows(most, descending, after);
        for (const { value, hostId, high, low, endUs } of keys) first.look(value, hostId, high, low, endUs);
        const beyond = after === undefined ? sorted : sorted.filter((one) => compareKeys(one, after, descending) > 0);
        expect(first.rows()).toEqual(beyond.slice(0, most));
      },
    ),
  );
});

test.each([
  ['by value', { value: 2 }, { value: 1 }],
  ['unknown values last', { value: 0 }, { value: null }],
  ['ids as signed 64-bit numbers', { high: -1, low: 0 }, { high: 0, low: 0 }],
  ['whose lower half has no sign', { low: 1 }, { low: -1 }],
] as const)('descending, %s', (_, first, second) => {
  const zero: OrderedKey = { value: 0, hostId: 1, high: 0, low: 0, endUs: 0 };
  expect(compareKeys({ ...zero, ...first }, { ...zero, ...second }, true)).toBeLessThan(0);
});
