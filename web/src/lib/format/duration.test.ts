// Durations: unit borders.
import { expect, it } from 'vitest';
import { age, duration } from './duration.ts';

it.each([
  [-5, '0 s'],
  [0, '0 s'],
  [200, '0.2 s'],
  [9_900, '9.9 s'],
  [48_000, '48 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [31 * 60_000, '31 min'],
  [3_600_000, '1 h'],
  [3 * 3_600_000 + 12 * 60_000, '3 h 12 min'],
  [9 * 3_600_000 + 7 * 60_000, '9 h 07 min'],
  [86_400_000, '1 d'],
  [41 * 86_400_000 + 5_000_000, '41 d'],
])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

it('an age has no fractions', () => expect(age(14_900)).toBe('14 s'));
