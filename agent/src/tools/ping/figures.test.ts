// Loss, mean and jitter of pings whose times are known.
import { expect, test } from 'vitest';
import { PingFigures } from './figures.ts';

test('sums up what was answered, and counts what was not', () => {
  const figures = new PingFigures();
  for (const rttUs of [10_000, undefined, 30_000, 20_000]) figures.add(rttUs);
  expect(figures.summary()).toEqual({
    ...{ sent: 4, answered: 3, lost: 1, lossPercent: 25, minUs: 10_000, meanUs: 20_000, maxUs: 30_000 },
    ...{ deviationUs: 8_165, jitterUs: 15_000 },
  });
  expect(figures.detail()).toBe('3 of 4 answered, 25 % lost, 20.0 ms in the mean');
});

test('of none answered there are no times', () => {
  const figures = new PingFigures();
  figures.add(undefined);
  expect(figures.summary()).toEqual({ sent: 1, answered: 0, lost: 1, lossPercent: 100 });
});
