// Counts out of the history, set right by what the host's pulse says is open now.
import { expect, test } from 'vitest';
import { asPulseSays, type Tally } from './stats.ts';

const tally = (process: string, state: Tally['state'], connections: number): Tally => ({
  hostId: 1,
  process,
  state,
  connections,
});
const stored = [
  tally('noisy', 'established', 90),
  tally('quiet', 'established', 5),
  tally('noisy', 'close-wait', 3),
  tally('quiet', 'listen', 2),
  tally('', 'time-wait', 40),
];
const counts = (rows: Tally[]) => rows.map((row) => [row.process, row.state, row.connections]);

test('closes that are not stored yet come off the busiest process, and sockets that a pulse does not count stay', () => {
  expect(counts(asPulseSays(1, stored, 20))).toEqual([
    ['noisy', 'established', 12],
    ['quiet', 'established', 5],
    ['noisy', 'close-wait', 3],
    ['quiet', 'listen', 2],
    ['', 'time-wait', 40],
  ]);
  expect(counts(asPulseSays(1, stored, 0))).toEqual([
    ['quiet', 'listen', 2],
    ['', 'time-wait', 40],
  ]);
});

test('connections that are not stored yet are there, without a process', () => {
  expect(counts(asPulseSays(1, stored, 100)).at(-1)).toEqual(['', 'established', 2]);
  expect(counts(asPulseSays(1, [], 7))).toEqual([['', 'established', 7]]);
});

test('what agrees, or cannot be compared, is as it is stored', () => {
  expect(asPulseSays(1, stored, 98)).toEqual(stored);
  expect(asPulseSays(1, stored, undefined)).toEqual(stored);
});
