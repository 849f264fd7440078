// What a program did in each hour: silent hours are filled in, however far off the next time is.
import { expect, test } from 'vitest';
import { ProgramBaselines } from './program-baselines.ts';

const hourUs = 3.6e9;

test.each([1e15, 1e19, 1e25, 1e300, Infinity])('a time of %d µs comes to an end', (atUs) => {
  const baselines = new ProgramBaselines({ hourly: 'sum', floor: 1 });
  baselines.add('1', 'curl', hourUs, 5);
  expect(baselines.add('1', 'curl', atUs, 7).value).toBeGreaterThanOrEqual(5);
});

test('hours without the program count as zero, a day at most', () => {
  const baselines = new ProgramBaselines({ hourly: 'sum', floor: 1 });
  for (let hour = 0; hour < 4; hour++) baselines.add('1', 'curl', (1_000 + hour) * hourUs, 5);
  const { baseline } = baselines.add('1', 'curl', 1_100 * hourUs, 5);
  expect(baseline.learnt().hours).toBe(4 + 24);
});
