import { describe, expect, test } from 'vitest';
import { isQuiet } from './quiet-hours.ts';

const at = (time: string) => Date.parse(time);
const nights = { timeZone: 'Europe/Berlin', days: [1, 2, 3, 4, 5], from: '22:00', to: '07:00' };

describe('quiet from 22:00 to 07:00 in Berlin, on working days', () => {
  test.each([
    ['2026-11-20T20:59:00Z', false, 'Friday 21:59'],
    ['2026-11-20T21:00:00Z', true, 'Friday 22:00'],
    ['2026-11-21T05:59:00Z', true, 'Saturday 06:59, of the quiet that began on Friday'],
    ['2026-11-21T06:00:00Z', false, 'Saturday 07:00'],
    ['2026-11-21T21:30:00Z', false, 'Saturday 22:30: no working day'],
    ['2026-11-23T04:00:00Z', false, 'Monday 05:00, of a quiet that would have begun on Sunday'],
    ['2026-07-17T20:00:00Z', true, 'Friday 22:00 in summer'],
    ['2026-07-17T19:59:00Z', false, 'Friday 21:59 in summer'],
  ])('%s: %s (%s)', (time, quiet) => {
    expect(isQuiet(nights, at(time))).toBe(quiet);
  });
});

test('hours within one day end on it', () => {
  const lunch = { timeZone: 'Asia/Kolkata', days: [6], from: '12:00', to: '13:30' };
  expect(isQuiet(lunch, at('2026-11-21T06:30:00Z'))).toBe(true);
  expect(isQuiet(lunch, at('2026-11-21T08:00:00Z'))).toBe(false);
  expect(isQuiet(lunch, at('2026-11-20T06:30:00Z'))).toBe(false);
});

test('from and to alike is the whole day', () => {
  const sundays = { timeZone: 'UTC', days: [7], from: '00:00', to: '00:00' };
  expect(isQuiet(sundays, at('2026-11-22T00:00:00Z'))).toBe(true);
  expect(isQuiet(sundays, at('2026-11-22T23:59:59Z'))).toBe(true);
  expect(isQuiet(sundays, at('2026-11-23T00:00:00Z'))).toBe(false);
});

test('the hour that the clocks skip or repeat belongs to the quiet that holds it', () => {
  const early = { timeZone: 'Europe/Berlin', days: [7], from: '01:30', to: '03:30' };
  expect(isQuiet(early, at('2026-03-29T01:15:00Z'))).toBe(true);
  expect(isQuiet(early, at('2026-03-29T01:45:00Z'))).toBe(false);
  expect(isQuiet(early, at('2026-10-25T00:30:00Z'))).toBe(true);
  expect(isQuiet(early, at('2026-10-25T01:30:00Z'))).toBe(true);
});
