// Which times beat and which do not: jitter, missing beats, bursts, and what people and chance make.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../../test/observations.ts';
import { findRhythms, mergeBursts } from './rhythm.ts';

const findRhythm = (times: readonly number[]) => findRhythms(times)[0];

function beats(count: number, period: number, jitter: number, missing = 0, seed = 1): number[] {
  const random = seededRandom(seed);
  let at = 1000;
  return Array.from({ length: count }, () => (at += period * (1 + jitter * (2 * random() - 1)))).filter(
    () => random() >= missing,
  );
}

function poisson(count: number, mean: number, seed: number): number[] {
  const random = seededRandom(seed);
  let at = 0;
  return Array.from({ length: count }, () => (at += -mean * Math.log(1 - random())));
}

test.each([0, 0.05, 0.1, 0.2, 0.3, 0.5])('a beat with ± %d jitter is found', (jitter) => {
  for (let seed = 1; seed <= 20; seed++) {
    const rhythm = findRhythm(beats(120, 60, jitter, 0, seed))!;
    expect(rhythm.period).toBeGreaterThan(50);
    expect(rhythm.period).toBeLessThan(70);
    expect(rhythm.significance).toBeGreaterThan(20);
    expect(rhythm.regularity).toBeGreaterThan(0.55);
  }
});

test.each([0, 0.1, 0.2])('a third of the beats may be missing, with ± %d jitter', (jitter) => {
  for (let seed = 1; seed <= 20; seed++) {
    const rhythm = findRhythm(beats(200, 60, jitter, 0.3, seed))!;
    expect(rhythm.significance).toBeGreaterThan(12);
    expect(Math.abs(rhythm.period - 60)).toBeLessThan(10);
    expect(rhythm.regularity).toBeGreaterThan(0.4);
  }
});

test('bursts of several connections are one beat', () => {
  const random = seededRandom(3);
  const times = beats(60, 300, 0.05)
    .flatMap((at) => Array.from({ length: 4 }, () => at + 1.5 * random()))
    .toSorted((a, b) => a - b);
  const rhythm = findRhythm(times)!;
  expect(rhythm.gap).toBeGreaterThan(0);
  expect(Math.abs(rhythm.period - 300)).toBeLessThan(15);
  expect(rhythm.regularity).toBeGreaterThan(0.85);
});

test('what comes by chance does not beat, at any scale of bursts', () => {
  let worst = 0;
  for (let seed = 1; seed <= 300; seed++) {
    for (const mean of [0.5, 3, 60, 800])
      worst = Math.max(worst, findRhythm(poisson(150, mean, seed))?.significance ?? 0);
  }
  expect(worst).toBeLessThan(8);
});

test('chance told in whole seconds does not beat; a beat told so does', () => {
  for (let seed = 1; seed <= 200; seed++) {
    for (const mean of [1, 2, 5, 20]) {
      const times = [...new Set(poisson(200, mean, seed).map(Math.floor))];
      expect(findRhythm(times)?.significance ?? 0).toBeLessThan(8);
    }
  }
  expect(findRhythm(beats(100, 60, 0.05).map(Math.floor))!.significance).toBeGreaterThan(20);
});

test('sessions of a person do not beat', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = seededRandom(seed);
    // Pages at exponential times with a wide spread of pauses, each with up to ten connections within a second.
    let at = 0;
    const times: number[] = [];
    for (let page = 0; page < 60; page++) {
      at += Math.exp(2 + 2 * (random() + random() + random() - 1.5) * 2);
      for (let part = 0; part < 1 + 9 * random(); part++) times.push(at + random());
    }
    expect(findRhythm(times.toSorted((a, b) => a - b))?.significance ?? 0).toBeLessThan(8);
  }
});

test('few beats say nothing', () => {
  expect(findRhythm([])).toBeUndefined();
  expect(findRhythm([1, 2, 3])).toBeUndefined();
  expect(findRhythm([1, 1, 1, 1, 1, 1])).toBeUndefined();
});

test('for any times: a share of at most one, a regularity between 0 and 1, numbers only', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 256 }), (values) => {
      const rhythm = findRhythm(values.toSorted((a, b) => a - b));
      if (rhythm === undefined) return;
      expect(rhythm.regularity).toBeGreaterThanOrEqual(0);
      expect(rhythm.regularity).toBeLessThanOrEqual(1);
      expect(rhythm.significance).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(rhythm.significance)).toBe(true);
    }),
  );
});

test('a burst ends where the pause is longer than the gap', () => {
  expect(mergeBursts([0, 1, 2, 10, 11, 30], 2)).toEqual([0, 10, 30]);
});
