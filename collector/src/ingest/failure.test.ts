import { expect, test } from 'vitest';
import { isDiskFull, isRowsFault } from './failure.ts';

const failure = (code: string | undefined, message = '') => Object.assign(new Error(message), { code });

test.each([
  ['22P05', true],
  ['23502', true],
  ['54000', true],
  ['53100', false],
  ['57P01', false],
  ['40P01', false],
  ['42P01', false],
  ['08006', false],
  ['ECONNREFUSED', false],
  [undefined, false],
])('%s is the rows’ fault: %s', (code, expected) => {
  expect(isRowsFault(failure(code), 0)).toBe(expected);
});

test('a missing partition is waited for, a refused value is not', () => {
  expect(isRowsFault(failure('23514', 'no partition of relation "metric_1m" found for row'), 9)).toBe(false);
  expect(isRowsFault(failure('23514', 'new row violates check constraint "c"'), 0)).toBe(true);
});

test('a fault of the program counts against the rows only when it comes again', () => {
  expect(isRowsFault(new TypeError('x'), 0)).toBe(false);
  expect(isRowsFault(new TypeError('x'), 5)).toBe(true);
});

test('a full disk is known by its code and by its words', () => {
  expect(isDiskFull(failure('53100'))).toBe(true);
  expect(isDiskFull(failure('XX000', 'could not write: No space left on device'))).toBe(true);
  expect(isDiskFull(failure('57P01'))).toBe(false);
});
