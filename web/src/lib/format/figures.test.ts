// Figures: where units change, what unknown and zero look like.
import { describe, expect, it } from 'vitest';
import { asText, bytes, count, partOf, percent, rate, roundTrip, shortCount } from './figures.ts';

describe('rate', () => {
  it.each([
    [0, '0 B/s'],
    [48, '48 B/s'],
    [31.7, '31.7 B/s'],
    [999, '999 B/s'],
    [999.6, '1.00 kB/s'],
    [1470, '1.47 kB/s'],
    [9_996, '10.0 kB/s'],
    [99_960, '100 kB/s'],
    [641_000, '641 kB/s'],
    [14_200_000, '14.2 MB/s'],
    [1.71e9, '1.71 GB/s'],
    [5e16, '50000 TB/s'],
  ])('%d', (value, text) => expect(asText(rate(value))).toBe(text));

  it.each([null, undefined, Number.NaN, Number.POSITIVE_INFINITY])('%s is unknown, not 0', (value) =>
    expect(asText(rate(value))).toBe('–'),
  );
});

it('bytes', () => expect(asText(bytes(88_400))).toBe('88.4 kB'));

it.each([
  [null, '–'],
  [0, '0'],
  [1204, '1,204'],
])('count %s', (value, text) => expect(count(value)).toBe(text));

it.each([
  [9_999, '9,999'],
  [48_212, '48.2k'],
  [1_204_000, '1.20M'],
])('shortCount %d', (value, text) => expect(shortCount(value)).toBe(text));

it.each([
  [null, '–'],
  [0, '0.00 ms'],
  [410, '0.41 ms'],
  [38_200, '38.2 ms'],
  [1_204_000, '1,204 ms'],
])('roundTrip %s', (value, text) => expect(asText(roundTrip(value))).toBe(text));

it('percent keeps its sign on the line', () => expect(percent(34.26)).toBe('34.3\u202f%'));

it.each([
  [11.2e9, 32e9, '11.2 of 32.0 GB'],
  [null, 32e9, '– of 32.0 GB'],
  [5e8, 0, '500 MB'],
])('partOf %s %s', (part, total, text) => expect(partOf(part, total)).toBe(text));
