// Guessing by account, by network and by both: how many of 10,000 attempts are looked at, and that the owner gets in meanwhile.
import { beforeEach, expect, test } from 'vitest';
import { createBackoff } from './backoff.ts';
import { createGuessing, type Guess, type Guessing } from './guessing.ts';

let nowMs = 0;
let guessing: Guessing;
beforeEach(() => {
  nowMs = 1_000_000;
  guessing = createGuessing(() => nowMs);
});

const owner: Guess = { name: 'ann', network: '198.51.100.0/24', known: false };
/** Wrong passwords, so many a second; @returns how many were looked at. */
function guess(attempts: number, perSecond: number, who: (attempt: number) => Guess): number {
  let lookedAt = 0;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (guessing.begin(who(attempt)) === 0) lookedAt += 1;
    nowMs += 1_000 / perSecond;
  }
  return lookedAt;
}

test('10,000 attempts from one network on one account: a handful is looked at', () => {
  const lookedAt = guess(10_000, 100, () => ({ name: 'ann', network: '203.0.113.0/24', known: false }));
  expect(lookedAt).toBeGreaterThanOrEqual(5);
  expect(lookedAt).toBeLessThan(15);
});

test('a whole day of them: some hundred', () => {
  const day = 86_400;
  const lookedAt = guess(day, 1, () => ({ name: 'ann', network: '203.0.113.0/24', known: false }));
  expect(lookedAt).toBeLessThan(150);
});

test('10,000 names from one network: bounded as well', () => {
  const lookedAt = guess(10_000, 100, (attempt) => ({
    name: `name-${attempt}`,
    network: '203.0.113.0/24',
    known: false,
  }));
  expect(lookedAt).toBeLessThan(50);
});

test('10,000 networks on one account: bounded, and a network with a session of the account is not', () => {
  const lookedAt = guess(10_000, 100, (attempt) => ({
    name: 'ann',
    network: `10.${attempt >> 8}.${attempt & 255}.0/24`,
    known: false,
  }));
  expect(lookedAt).toBeLessThan(130);
  expect(guessing.begin(owner)).toBeGreaterThan(0);
  expect(guessing.begin({ ...owner, known: true })).toBe(0);
  // And a new network of the owner waits half a minute at most.
  expect(guessing.begin(owner)).toBeLessThanOrEqual(30_000);
});

test('the owner, elsewhere, does not notice that somebody guesses', () => {
  guess(10_000, 1_000, () => ({ name: 'ann', network: '203.0.113.0/24', known: false }));
  expect(guessing.begin(owner)).toBe(0);
});

test('who mistypes a few times and then gets it right has no debt', () => {
  for (let round = 0; round < 50; round++) {
    for (let attempt = 0; attempt < 4; attempt++) expect(guessing.begin(owner)).toBe(0);
    expect(guessing.begin(owner)).toBe(0);
    guessing.succeeded(owner);
    nowMs += 3_600_000;
  }
});

test('many at once are no way around: each is counted before it is looked at', () => {
  const lookedAt = Array.from({ length: 1_000 }, () => guessing.begin(owner)).filter((wait) => wait === 0);
  expect(lookedAt).toHaveLength(5);
});

test('knocking on while waiting does not lengthen the wait', () => {
  for (let attempt = 0; attempt < 6; attempt++) guessing.begin(owner);
  const wait = guessing.begin(owner);
  expect(wait).toBeGreaterThan(0);
  guess(500, 1_000, () => owner);
  nowMs += wait;
  expect(guessing.begin(owner)).toBe(0);
});

test('an attempt that was not looked at costs nothing', () => {
  for (let attempt = 0; attempt < 100; attempt++) {
    expect(guessing.begin(owner)).toBe(0);
    guessing.abandoned(owner);
  }
});

test('waits double up to a bound and are forgotten', () => {
  const rule = { free: 2, firstMs: 100, mostMs: 1_000, forgetMs: 60_000 };
  const backoff = createBackoff(rule, () => nowMs);
  const waits = Array.from({ length: 8 }, () => {
    const wait = backoff.waitMs('key');
    backoff.failed('key');
    return wait;
  });
  expect(waits).toEqual([0, 0, 100, 200, 400, 800, 1_000, 1_000]);
  expect(backoff.waitMs('other')).toBe(0);
  nowMs += 60_000;
  expect(backoff.waitMs('key')).toBe(0);
});
