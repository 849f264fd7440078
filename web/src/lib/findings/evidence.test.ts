// Evidence in words, whatever a detector or a host put into it.
import { expect, it } from 'vitest';
import { measured, share } from './evidence.ts';

it.each([
  [1000, 'count', '1,000'],
  [12, 'seconds', '12 s'],
  [60.04, 'seconds', '1 min'],
  [88_400, 'bytes', '88.4 kB'],
  [982, 'permille', '98.2\u202f%'],
  [40, 'per-second', '40 /s'],
  [0.5, 'per-second', '0.5 /s'],
  [0.9712, 'score', '0.971'],
  [0.9712, null, '0.971'],
  [44_301, null, '44,301'],
  ['every 60 s', null, 'every 60 s'],
  ['a\u202eb', 'count', 'a⟨202E⟩b'],
  [null, 'bytes', '–'],
] as const)('%s %s is %s', (value, unit, words) => expect(measured(value, unit)).toBe(words));

it.each([
  [10, 20, 0.25],
  [20, 20, 0.5],
  [1000, 20, 1],
  [5, 0, undefined],
  ['many', 20, undefined],
  [5, null, undefined],
] as const)('%s against %s fills %s', (value, against, filled) => expect(share({ value, against })).toBe(filled));
