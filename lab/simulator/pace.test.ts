// Pace and outages: what decides how far the simulation is and who is cut off.
import { expect, test } from 'vitest';
import { createOutages } from './outages.ts';
import { createPace, historyFor } from './pace.ts';

const startedUs = 1_795_000_000_400_000;

test('the past is caught up with at speed, the present never overtaken', () => {
  const { beginUs, targetUs } = createPace({ startedUs, historySeconds: 90, speed: 10 });
  expect(beginUs).toBe(1_794_999_910_000_000);
  expect(targetUs(startedUs + 1_000_000) - beginUs).toBe(10_000_000);
  expect(targetUs(startedUs + 20_000_000)).toBe(startedUs + 20_000_000);
});

test('a run of so many seconds ends in the present', () => {
  const history = historyFor(3_600, 60);
  const { beginUs, targetUs } = createPace({ startedUs, historySeconds: history, speed: 60 });
  expect(targetUs(startedUs + 60_000_000) - beginUs).toBe(3_600_000_000);
});

test('what an earlier run lived through is not lived again', () => {
  const livedUs = startedUs - 30_200_000;
  const { beginUs } = createPace({ startedUs, historySeconds: 90, speed: 10, livedUs });
  expect(beginUs).toBe(1_794_999_972_000_000);
  expect(createPace({ startedUs, historySeconds: 10, speed: 10, livedUs }).beginUs).toBe(1_794_999_990_000_000);
});

test('without outages a host is always online', () => {
  expect(createOutages('x', undefined).online(1e6)).toBe(true);
});

test('outages come as often and last as long as asked for, the same for the same seed', () => {
  const options = { everySeconds: 90, lastSeconds: 10 };
  const run = () => {
    const outages = createOutages('seed', options);
    return Array.from({ length: 50_000 }, (_, tick) => outages.online(tick));
  };
  const online = run();
  expect(online).toEqual(run());
  expect(online.filter((value) => !value).length / online.length).toBeCloseTo(0.1, 1);
  expect(online[0]).toBe(true);
});
