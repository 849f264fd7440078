import { expect, test } from 'vitest';
import { cpuPermille, isDeleted, outcomeOf } from './wire-words.ts';

const opening = { protocol: 6, state: 7, receivedBytes: 0, sentBytes: 0, hasRtt: false };

test.each([
  ['a handshake that waits', { state: 2 }, 'attempted'],
  ['an open connection', { state: 1 }, 'established'],
  ['one in TIME_WAIT', { state: 6 }, 'established'],
  ['closed, and never answered', {}, 'attempted'],
  ['closed after a handshake', { hasRtt: true }, 'established'],
  ['closed after bytes came', { receivedBytes: 1 }, 'established'],
  ['closed, of which nothing is known', { receivedBytes: undefined }, 'unknown'],
  ['a listening socket', { state: 10 }, 'unknown'],
  ['UDP that was answered', { protocol: 17, receivedBytes: 5 }, 'established'],
  ['UDP that was not', { protocol: 17 }, 'unknown'],
] as const)('%s', (_what, changes, outcome) => expect(outcomeOf({ ...opening, ...changes })).toBe(outcome));

test('the share of all cores', () => {
  expect(cpuPermille(60_000_000, 60, 4)).toBe(250);
  expect(cpuPermille(60_000_000, 60, 0)).toBe(1_000);
  expect(cpuPermille(1, 0, 1)).toBe(0);
});

test('a file that is gone', () => {
  expect(isDeleted('/tmp/x (deleted)')).toBe(true);
  expect(isDeleted('/tmp/x')).toBe(false);
});
