// Coverage over a span: by bytes, and unknown when nothing is known.
import { expect, it } from 'vitest';
import { summaryOf } from './coverage-summary.ts';

const point = (socketBytes: number | null, interfaceBytes: number | null, missingSeconds = 0) => ({
  time: '',
  coverage: null,
  socketBytes,
  interfaceBytes,
  forwardedBytes: 10,
  eventsLost: null,
  missingSeconds,
  lateSeconds: 1,
  backfilledSeconds: 2,
});

it.each([
  [[point(900, 1000), point(0, 1000)], 0.45],
  [[point(null, 1000)], null],
  [[point(0, 0)], null],
  [[], null],
  [[point(1100, 1000)], 1],
])('share %#', (points, share) => expect(summaryOf(points).share).toBe(share));

it('adds up the rest', () =>
  expect(summaryOf([point(1, 2, 5), point(null, null, 7)])).toMatchObject({
    forwardedBytes: 20,
    eventsLost: 0,
    missingSeconds: 12,
    lateSeconds: 2,
    backfilledSeconds: 4,
  }));
