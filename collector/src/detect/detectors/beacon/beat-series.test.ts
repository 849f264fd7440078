// The bounded memory of starts: late ones, doubles, sessions, hours, and what comes back from what was saved.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BeatSeries, type Start } from './beat-series.ts';

const start = (at: number, changes: Partial<Start> = {}): Start => ({
  at,
  bytes: 100,
  failed: false,
  localPort: 0,
  connected: true,
  ...changes,
});

function seriesOf(times: Iterable<number>): BeatSeries {
  const series = new BeatSeries();
  for (const at of times) series.add(start(at));
  return series;
}

test('late starts come to lie where they belong', () => {
  const late = seriesOf([1000, 5000, 3000, 2000, 4000]);
  const inOrder = seriesOf([1000, 2000, 3000, 4000, 5000]);
  expect(late.starts).toEqual(inOrder.starts);
  expect(late.sessions).toEqual(inOrder.sessions);
});

test('starts in any order give the same times and sessions', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 50_000 }), { maxLength: 60 }), fc.integer(), (times, seed) => {
      const shuffled = times.toSorted((a, b) => ((a * 7919 + seed) % 1009) - ((b * 7919 + seed) % 1009));
      const ordered = seriesOf(times.toSorted((a, b) => a - b));
      expect(seriesOf(shuffled).starts).toEqual(ordered.starts);
      expect(seriesOf(shuffled).sessions).toEqual(ordered.sessions);
    }),
  );
});

test('a start within a tenth of a second is the same one and adds its bytes', () => {
  const series = new BeatSeries();
  expect(series.add(start(100))).toBe(true);
  expect(series.add(start(100.05))).toBe(false);
  expect(series.add(start(99.95))).toBe(false);
  expect(series.knownSizes()).toEqual([300]);
});

test('the same local port again is the same connection, an hour later another one', () => {
  const series = new BeatSeries();
  expect(series.add(start(0, { localPort: 50_000 }))).toBe(true);
  expect(series.add(start(0.5, { localPort: 50_000 }))).toBe(false);
  expect(series.add(start(1, { localPort: 50_001 }))).toBe(true);
  expect(series.add(start(7200, { localPort: 50_000 }))).toBe(true);
});

test('it stays bounded and counts on', () => {
  const series = seriesOf(Array.from({ length: 5000 }, (_, at) => at * 700));
  expect(series.total).toBe(5000);
  expect(series.starts.length).toBe(256);
  expect(series.sessions.length).toBe(64);
  expect(series.hourCounts().length).toBe(72);
});

test('counts the starts of each hour', () => {
  const series = seriesOf([0, 1800, 3600, 5400, 14_400]);
  expect(series.hourCounts()).toEqual([2, 2, 0, 0, 1]);
});

test('what is saved comes back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1e6 }), { maxLength: 400 }), (times) => {
      const series = seriesOf(times.map((at) => 1.79e9 + at));
      const restored = BeatSeries.restore(JSON.parse(JSON.stringify(series.save())))!;
      expect(restored.total).toBe(series.total);
      expect(restored.hourCounts()).toEqual(series.hourCounts());
      expect(restored.starts.length).toBe(series.starts.length);
      for (const [at, time] of restored.starts.entries())
        expect(Math.abs(time - series.starts[at]!)).toBeLessThan(0.06);
    }),
  );
});

test.each([
  undefined,
  null,
  5,
  {},
  { total: 1 },
  { total: 1, failed: 0, samePort: 0, first: 1, starts: [1], sizes: [], sessions: [], hours: [] },
])('restoring %j gives nothing', (state) => expect(BeatSeries.restore(state)).toBeUndefined());
