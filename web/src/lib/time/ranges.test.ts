// The time bar's arithmetic.
import { expect, it } from 'vitest';
import { barEnd, rangeOf, stepped, ticks, viewOfDrag } from './ranges.ts';

const day = rangeOf('24h');
const now = 1_000_000 * day.stepMs - 1000;

it('ends at the next whole step, or around a time from before', () => {
  expect(barEnd({ kind: 'live' }, now, day)).toBe(now + 1000);
  expect(barEnd({ kind: 'at', atMs: now - 3_600_000 }, now, day)).toBe(now + 1000);
  const old = now + 1000 - 10 * day.spanMs;
  expect(barEnd({ kind: 'at', atMs: old }, now, day)).toBe(old + day.spanMs / 2);
});

it('steps from now into the past and back to now', () => {
  const before = stepped({ kind: 'live' }, now, -1, day);
  expect(before).toEqual({ kind: 'at', atMs: now - day.stepMs });
  expect(stepped(before, now, 1, day)).toEqual({ kind: 'live' });
  expect(stepped({ kind: 'span', fromMs: 1, toMs: 5 * day.stepMs }, now, -1, day)).toEqual({
    kind: 'at',
    atMs: 4 * day.stepMs,
  });
});

it.each([
  [100, 101, { kind: 'at', atMs: 101 }],
  [100, 900, { kind: 'span', fromMs: 100, toMs: 900 }],
  [900, 100, { kind: 'span', fromMs: 100, toMs: 900 }],
  [500, 5000, { kind: 'span', fromMs: 500, toMs: 1000 }],
  [1200, 1200, { kind: 'live' }],
])('from %d to %d', (first, last, view) => expect(viewOfDrag(first, last, 1000, 10)).toEqual(view));

it('ticks stand at whole hours of the viewer', () => {
  const start = new Date(2026, 10, 20, 1, 30).getTime();
  const found = ticks(start, start + 10_800_000, 3_600_000);
  expect(found.map((ms) => new Date(ms).getHours())).toEqual([2, 3, 4]);
  expect(found.every((ms) => new Date(ms).getMinutes() === 0)).toBe(true);
});

it('an unknown range is a day', () => expect(rangeOf('x').id).toBe('24h'));
