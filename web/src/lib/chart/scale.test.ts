// Scales: round steps, gridlines within the extent, and a follower that neither cuts nor jitters.
import { describe, expect, it } from 'vitest';
import { createFollower, extentFor, gridValues, roundStep, runs } from './scale.ts';

it.each([
  [0, 1],
  [-3, 1],
  [1, 1],
  [1.1, 2],
  [2.1, 2.5],
  [3, 5],
  [6, 10],
  [0.3, 0.5],
  [12_000, 20_000],
])('roundStep(%d) is %d', (value, step) => expect(roundStep(value)).toBeCloseTo(step, 9));

describe('extentFor', () => {
  it('never cuts a peak and keeps room for the quiet side', () => {
    const extent = extentFor(30e6, 1e3);
    expect(extent.up).toBeGreaterThan(30e6);
    expect(extent.down).toBeCloseTo(extent.up / 3);
  });
  it('has a least height when nothing flows', () => expect(extentFor(0, 0).up).toBeGreaterThan(0));
});

it.each([[{ up: 44, down: 50 }], [{ up: 1, down: 3 }], [{ up: 987_654_321, down: 329_218_107 }]])(
  'gridlines of %o',
  (extent) => {
    const values = gridValues(extent);
    expect(values).toContain(0);
    expect(values.length).toBeGreaterThanOrEqual(3);
    expect(values.length).toBeLessThanOrEqual(7);
    expect(Math.max(...values)).toBeLessThanOrEqual(extent.up);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-extent.down);
  },
);

describe('follower', () => {
  const target = (up: number) => ({ up, down: 10 });

  it('rises at once', () => {
    const follower = createFollower();
    follower.next(target(10), 0);
    expect(follower.next(target(90), 100).up).toBe(90);
  });

  it('stays for small dips, however long', () => {
    const follower = createFollower();
    follower.next(target(100), 0);
    for (let now = 100; now < 10_000; now += 100) expect(follower.next(target(80), now).up).toBe(100);
  });

  it('falls smoothly after the hold, without overshoot', () => {
    const follower = createFollower(3000, 250);
    follower.next(target(100), 0);
    let previous = 100;
    for (let now = 100; now < 3_100; now += 100) expect(follower.next(target(20), now).up).toBe(100);
    for (let now = 3_100; now < 8_000; now += 100) {
      const { up } = follower.next(target(20), now);
      expect(up).toBeLessThanOrEqual(previous);
      expect(up).toBeGreaterThanOrEqual(20);
      previous = up;
    }
    expect(previous).toBe(20);
  });
});

it('runs are cut where the series breaks', () => {
  expect(runs(6, (index) => index === 1 || index === 4, 0)).toEqual([
    [0, 1],
    [2, 4],
    [5, 5],
  ]);
  expect(runs(0, () => false, 0)).toEqual([]);
});
