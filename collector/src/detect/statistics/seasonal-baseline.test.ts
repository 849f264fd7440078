// What the baseline learns: season by hour and weekday, held against outliers, bounded, and the same after a restart.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/observations.ts';
import { SeasonalBaseline } from './seasonal-baseline.ts';

const hourUs = 3.6e9;
/** Monday, 2 November 2026, 00:00 UTC. */
const monday = 1_793_577_600e6;

/** Busy at 02:00 every night, thrice as busy at the weekend. */
function load(hour: number): number {
  const weekend = Math.floor(hour / 24) % 7 >= 5;
  return (hour % 24 === 2 ? 1000 : 10) * (weekend ? 3 : 1);
}

function learnWeeks(weeks: number, noise = 0): SeasonalBaseline {
  const random = seededRandom(5);
  const baseline = new SeasonalBaseline(1);
  for (let hour = 0; hour < weeks * 168; hour++) {
    baseline.learn(monday + hour * hourUs, load(hour) * (1 + noise * (random() - 0.5)));
  }
  return baseline;
}

test('knows nothing at first, and says so', () => {
  const baseline = new SeasonalBaseline(1);
  expect(baseline.expect(monday)).toBeUndefined();
  expect(baseline.learnt()).toEqual({ hours: 0, days: 0, share: 0 });
});

test('after a day any hour is known, after four days the hour of the day, after three weeks the hour of the week', () => {
  expect(learnWeeks(1 / 7).expect(monday + 25 * hourUs)?.basis).toBe('any hour');
  expect(learnWeeks(4 / 7).expect(monday + 97 * hourUs)?.basis).toBe('hour of the day');
  expect(learnWeeks(3).expect(monday + 600 * hourUs)?.basis).toBe('hour of the week');
  expect(learnWeeks(1).learnt()).toEqual({ hours: 168, days: 7, share: 0.5 });
});

test('expects the nightly load at night and not by day, and more of it at the weekend', () => {
  const baseline = learnWeeks(6, 0.2);
  const week = monday + 6 * 168 * hourUs;
  const night = baseline.expect(week + 2 * hourUs)!;
  const day = baseline.expect(week + 14 * hourUs)!;
  const sunday = baseline.expect(week + (6 * 24 + 2) * hourUs)!;
  expect(night.mean).toBeGreaterThan(900);
  expect(day.mean).toBeLessThan(12);
  expect(day.mean + 8 * day.scatter).toBeLessThan(100);
  expect(sunday.mean).toBeGreaterThan(2 * night.mean);
});

test('one night a hundred times as loud moves it little', () => {
  const baseline = learnWeeks(6, 0.2);
  const night = monday + (6 * 168 + 2) * hourUs;
  const before = baseline.expect(night)!.mean;
  baseline.learn(night, 100_000);
  expect(baseline.expect(night)!.mean).toBeLessThan(before * 1.5);
});

test('a new level is learnt within some weeks', () => {
  const baseline = learnWeeks(6);
  for (let hour = 0; hour < 8 * 168; hour++) baseline.learn(monday + (6 * 168 + hour) * hourUs, 2 * load(hour));
  const { mean } = baseline.expect(monday + (14 * 168 + 14) * hourUs)!;
  expect(mean).toBeGreaterThan(15);
});

test('is the same after it was saved and put back, in under 5 KB', () => {
  const baseline = learnWeeks(5, 0.4);
  const text = JSON.stringify(baseline.save());
  expect(text.length).toBeLessThan(5_000);
  const restored = SeasonalBaseline.restore(JSON.parse(text), 1);
  for (const hour of [0, 2, 50, 130]) {
    const at = monday + (5 * 168 + hour) * hourUs;
    expect(restored.expect(at)!.mean).toBeCloseTo(baseline.expect(at)!.mean, 0);
  }
  expect(restored.learnt()).toEqual(baseline.learnt());
});

test('nothing that a host sends makes it anything but numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.double(), fc.double()), { maxLength: 100 }), (values) => {
      const baseline = new SeasonalBaseline(1);
      for (const [at, value] of values) baseline.learn(at, value);
      const expected = baseline.expect(monday);
      if (expected !== undefined) expect(expected.scatter).not.toBeNaN();
      SeasonalBaseline.restore(JSON.parse(JSON.stringify(baseline.save())), 1);
    }),
  );
});

test.each([1, -1, 6, 24, 167, -200])(
  'a clock that is set ahead by %d hours shows what was learnt at the hour that it is then',
  (hours) => {
    const baseline = learnWeeks(4, 0.2);
    const at = (hour: number) => baseline.expect(monday + (4 * 168 + hour) * hourUs);
    const before = Array.from({ length: 168 }, (_, hour) => at(hour));
    baseline.shift(hours);
    expect(Array.from({ length: 168 }, (_, hour) => at(hour + hours + 336))).toEqual(before);
    baseline.shift(-hours);
    expect(Array.from({ length: 168 }, (_, hour) => at(hour))).toEqual(before);
  },
);

test.each([undefined, [], { levels: [1, 2] }, { hours: 1, days: 1, lastDay: 1, levels: 'AAAA' }])(
  'restoring %j gives an empty one',
  (state) => expect(SeasonalBaseline.restore(state, 1).learnt().hours).toBe(0),
);
