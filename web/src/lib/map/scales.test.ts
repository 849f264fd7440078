// Shades by powers of ten, circles by area.
import { expect, it } from 'vitest';
import { radiusOf, shadeOf, shadeSteps } from './scales.ts';

it('a shade for each power of ten, the largest the strongest', () => {
  const steps = shadeSteps([14e9, 2e6, 300e6, 0]);
  expect(steps.map(({ label, shade }) => [label, shade])).toEqual([
    ['from 10.0 GB', 5],
    ['from 1.00 GB', 4],
    ['from 100 MB', 3],
    ['from 10.0 MB', 2],
    ['from 1.00 MB', 1],
  ]);
  expect([14e9, 1e10, 9.9e9, 300e6, 2e6, 0].map((value) => shadeOf(steps, value))).toEqual([5, 5, 4, 3, 1, 0]);
});

it('what is far below the largest shares the last shade', () => {
  const steps = shadeSteps([5e9, 7]);
  expect(steps).toHaveLength(5);
  expect(steps.at(-1)).toMatchObject({ label: 'under 1.00 MB', shade: 1 });
  expect(shadeOf(steps, 7)).toBe(1);
});

it('one value has one shade, none has none', () => {
  expect(shadeSteps([300])).toMatchObject([{ label: 'from 100 B', shade: 5 }]);
  expect(shadeSteps([])).toEqual([]);
  expect(shadeSteps([0])).toEqual([]);
  expect(shadeOf([], 5)).toBe(0);
});

it('twice the bytes is twice the area, and little stays to be seen', () => {
  expect(radiusOf(2, 2) ** 2 / radiusOf(1, 2) ** 2).toBeCloseTo(2);
  expect(radiusOf(1, 1e9)).toBeGreaterThan(1);
  expect(radiusOf(0, 0)).toBeGreaterThan(1);
});
