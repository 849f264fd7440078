// Packed metric series: any samples come back, steady ones are small, damaged ones are refused.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxSample, packDeltas, unpackDeltas } from './delta-varint.ts';

const sample = fc.oneof(
  fc.integer({ min: -maxSample, max: maxSample }),
  fc.integer({ min: -300, max: 300 }),
  fc.constantFrom(0, maxSample, -maxSample),
);
const samples = fc.array(sample, { maxLength: 120 });

test('samples come back as they were', () => {
  fc.assert(
    fc.property(samples, (values) => {
      expect(unpackDeltas(packDeltas(values), values.length)).toEqual(values);
    }),
  );
});

test('the bytes are zigzag varints of first differences', () => {
  expect([...packDeltas([0, 1, 0, 64, -64])]).toEqual([0x00, 0x02, 0x01, 0x80, 0x01, 0xff, 0x01]);
});

test('a steady series costs one byte a sample after the first', () => {
  expect(packDeltas(Array.from({ length: 60 }, () => 1_000_000)).length).toBe(3 + 59);
});

test('a wrong count is refused', () => {
  fc.assert(
    fc.property(samples, fc.integer({ min: 0, max: 200 }), (values, count) => {
      fc.pre(count !== values.length);
      expect(() => unpackDeltas(packDeltas(values), count)).toThrow(RangeError);
    }),
  );
});

test.each([[2 ** 51 + 1], [-(2 ** 51) - 1], [0.5], [Number.NaN], [Infinity]])('%s is no sample', (value) => {
  expect(() => packDeltas([value])).toThrow(RangeError);
});

test.each([
  ['no bytes', []],
  ['an unfinished varint', [0x80]],
  ['a varint of nine bytes', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a value beyond the range', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
])('%s is refused', (_, bytes) => {
  expect(() => unpackDeltas(Uint8Array.from(bytes), 1)).toThrow(RangeError);
});
