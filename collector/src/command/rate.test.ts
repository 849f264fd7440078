import { expect, test } from 'vitest';
import { Rate } from './rate.ts';

test('so many within any minute, each for itself', () => {
  let nowMs = 0;
  const rate = new Rate<string>(3, () => nowMs);
  expect([1, 2, 3, 4].map(() => rate.take('a'))).toEqual([true, true, true, false]);
  expect(rate.take('b')).toBe(true);
  nowMs = 59_999;
  expect(rate.take('a')).toBe(false);
  nowMs = 60_000;
  expect([1, 2, 3, 4].map(() => rate.take('a'))).toEqual([true, true, true, false]);
});

test('ten thousand strangers do not give anybody a second go, nor grow the memory', () => {
  const rate = new Rate<number>(1, () => 0);
  for (let key = 0; key < 10_000; key++) rate.take(key);
  expect(rate.take(9_999)).toBe(false);
  expect(rate.take(10_000)).toBe(true);
});
