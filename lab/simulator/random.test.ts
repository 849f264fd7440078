// The random numbers: repeatable, uniform, and unrelated for neighbouring seeds.
import { expect, test } from 'vitest';
import { createRandom } from './random.ts';

const draw = (seed: string, count: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.unit());
};

test('a seed gives the same numbers for ever', () => {
  expect(draw('7/1', 3)).toEqual(draw('7/1', 3));
  expect(draw('7/1', 3).map((value) => value.toFixed(6))).toMatchInlineSnapshot(`
    [
      "0.828491",
      "0.167850",
      "0.277176",
    ]
  `);
});

test('neighbouring seeds have nothing in common', () => {
  expect(draw('7/1', 100).filter((value) => draw('7/2', 100).includes(value))).toEqual([]);
});

test('the means are what they should be', () => {
  const random = createRandom('means');
  const mean = (next: () => number) =>
    Array.from({ length: 20_000 }, next).reduce((sum, value) => sum + value, 0) / 20_000;
  expect(mean(random.unit)).toBeCloseTo(0.5, 1);
  expect(mean(() => random.below(10))).toBeCloseTo(4.5, 0);
  expect(mean(() => random.exponential(60)) / 60).toBeCloseTo(1, 1);
  expect(mean(() => random.round(2.3))).toBeCloseTo(2.3, 1);
  expect(mean(() => Number(random.chance(0.2)))).toBeCloseTo(0.2, 1);
});
