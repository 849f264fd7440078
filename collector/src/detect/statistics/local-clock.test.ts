// Clocks of zones: on both sides of a change, of half hours, of zones that there are not, in any order.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LocalClock } from './local-clock.ts';

const hourUs = 3.6e9;
const us = (time: string): number => 1000 * Date.parse(time);

test.each([
  ['Europe/Berlin', '2026-03-29T00:59:59.999Z', 1],
  ['Europe/Berlin', '2026-03-29T01:00:00.000Z', 2],
  ['Europe/Berlin', '2026-10-25T00:59:59.999Z', 2],
  ['Europe/Berlin', '2026-10-25T01:00:00.000Z', 1],
  ['Asia/Kolkata', '2026-07-01T00:00:00.000Z', 5.5],
  ['Australia/Lord_Howe', '2026-07-01T00:00:00.000Z', 10.5],
  ['Australia/Lord_Howe', '2026-12-01T00:00:00.000Z', 11],
  ['America/St_Johns', '2026-12-01T00:00:00.000Z', -3.5],
  ['+05:45', '2026-12-01T00:00:00.000Z', 5.75],
  ['', '2026-07-01T00:00:00.000Z', 0],
  ['Mars/Olympus', '2026-07-01T00:00:00.000Z', 0],
])('%s at %s is %d hours ahead', (zone, time, hours) => {
  expect(new LocalClock(zone).aheadUs(us(time))).toBe(hours * hourUs);
});

test('in any order it says what the database of zones says', () => {
  const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia', 'Asia/Kolkata', 'UTC'];
  const clocks = new Map(zones.map((zone) => [zone, new LocalClock(zone)]));
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 4_102_444_800 }), (zone, second) => {
      const there = Temporal.Instant.fromEpochMilliseconds(1000 * second).toZonedDateTimeISO(zone);
      expect(clocks.get(zone)!.aheadUs(1e6 * second)).toBe(there.offsetNanoseconds / 1000);
    }),
    { numRuns: 2_000 },
  );
});

test('hours begin when the clock strikes', () => {
  const kolkata = new LocalClock('Asia/Kolkata');
  const hour = kolkata.hourOf(us('2026-07-01T03:30:00Z'));
  expect(kolkata.startOf(hour)).toBe(us('2026-07-01T03:30:00Z'));
  expect(kolkata.hourOf(us('2026-07-01T03:29:59Z'))).toBe(hour - 1);
  expect(kolkata.hourOf(us('2026-07-01T04:29:59Z'))).toBe(hour);
});

test('each hour that passes is one, though the clock is set back or ahead', () => {
  const berlin = new LocalClock('Europe/Berlin');
  for (const day of ['2026-03-29', '2026-10-25']) {
    const first = berlin.hourOf(us(`${day}T00:00:00Z`));
    const hours = Array.from({ length: 5 }, (_, at) => berlin.hourOf(us(`${day}T00:00:00Z`) + at * hourUs) - first);
    expect(hours).toEqual([0, 1, 2, 3, 4]);
  }
});

test.each([NaN, Infinity, -Infinity, -1, 8.64e18, 1e300])('a time of %d is taken as UTC', (atUs) => {
  expect(new LocalClock('Europe/Berlin').aheadUs(atUs)).toBe(0);
});
