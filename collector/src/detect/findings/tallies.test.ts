import { expect, test } from 'vitest';
import { Allowance } from './allowance.ts';
import { Tallies } from './tallies.ts';

const tally = (hostId: number, groupKey: string, severity: number, state: 'new' | 'resolved' | 'muted' = 'new') => ({
  ...{ hostId, groupKey, severity, state },
});

test('a finding on several hosts counts once, as its worst and most open host has it', () => {
  const tallies = new Tallies();
  tallies.set([tally(1, 'a', 1, 'resolved'), tally(2, 'a', 3), tally(3, 'b', 0, 'muted')]);
  expect(tallies.states(undefined)).toMatchObject({ new: { critical: 1 }, muted: { low: 1 }, resolved: { medium: 0 } });
  expect(tallies.states(new Set([1]))).toMatchObject({ new: { critical: 0 }, resolved: { medium: 1 } });
  expect([...tallies.newByHost(undefined)]).toEqual([[2, { low: 0, medium: 0, high: 0, critical: 1 }]]);
  expect([...tallies.newByHost(new Set([1, 3]))]).toEqual([]);
});

test('every change has a revision', () => {
  const tallies = new Tallies();
  const before = tallies.revision;
  tallies.set([]);
  expect(tallies.revision).toBe(before);
  tallies.set([tally(1, 'a', 1)]);
  expect(tallies.revision).toBeGreaterThan(before);
});

test('a flood of mild findings leaves room for severe ones, and comes to an end', () => {
  const allowance = new Allowance();
  let taken = 0;
  while (allowance.take(1, 0, 0)) taken++;
  expect(taken).toBe(200);
  expect(allowance.take(1, 3, 0)).toBe(true);
  expect(allowance.take(2, 0, 0)).toBe(true);
  for (let hour = 1; hour <= 100; hour++) while (allowance.take(1, 1, hour * 3_600_000)) taken++;
  expect(taken).toBeLessThanOrEqual(1_500);
  expect(allowance.take(1, 2, 101 * 3_600_000)).toBe(true);
});
