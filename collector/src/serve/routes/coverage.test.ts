// What of a host's time is missing: not what was before its enrolment, nor what is not due yet.
import { expect, test } from 'vitest';
import { coveragePoints } from './coverage.ts';

const minuteUs = 60_000_000;
const span = { fromUs: 0, toUs: 4 * minuteUs, stepUs: minuteUs };
const row = (timeUs: number, seconds: number) => ({
  ...{ timeUs, seconds, lateSeconds: 0, backfilledSeconds: 0, forwardedBytes: null, eventsLost: null },
  ...{ socketBytes: 0, interfaceBytes: 0 },
});

test('seconds are missing only where they were due', () => {
  const points = coveragePoints([row(minuteUs, 25), row(2 * minuteUs, 60)], span, {
    fromUs: minuteUs + 30_000_000,
    toUs: 3 * minuteUs + 10_000_000,
  });
  expect(points.map(({ missingSeconds }) => missingSeconds)).toEqual([0, 5, 0, 10]);
});

test('without traffic there is no share', () => {
  expect(coveragePoints([row(0, 60)], span, { fromUs: 0, toUs: 0 })[0]).toMatchObject({
    coverage: null,
    socketBytes: 0,
  });
});
