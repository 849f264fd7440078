import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ascii, concat, hex } from '../../../test/packets.ts';
import { readName } from './name.ts';

test.each([
  ['the root', '00', '.'],
  ['lower case', '03575757076578616d706c6503434f4d00', 'www.example.com'],
  ['a dot and a backslash within a label', `03612e62${'025c63'}00`, String.raw`a\.b.\\c`],
  ['a space, a control and a byte above ASCII', '0420075ae900', String.raw`\032\007z\233`],
])('%s', (_, bytes, name) => {
  expect(readName(hex(bytes), 0)).toEqual({ name, end: bytes.length / 2 });
});

test('a pointer ends the name, and the next field is behind it', () => {
  const message = concat(ascii('\x03com\0'), ascii('\x03www'), [0xc0, 0]);
  expect(readName(message, 5)).toEqual({ name: 'www.com', end: 11 });
});

test('a pointer may point forward', () => {
  expect(readName(concat([0xc0, 2], ascii('\x01a\0')), 0)).toEqual({ name: 'a', end: 2 });
});

test.each([
  ['a pointer to itself', 'c000'],
  ['pointers to each other', 'c002c000'],
  ['a label and a pointer back to it', '0161c000'],
  ['a label that is cut', '056162'],
  ['no end', '0161'],
  ['half a pointer', 'c0'],
  ['a label of an unknown kind', '4161'],
])('%s is no name', (_, bytes) => {
  expect(readName(hex(bytes), 0)).toBeUndefined();
});

test('255 bytes are a name, 256 are none', () => {
  const label = (length: number) => concat([length], new Uint8Array(length).fill(97));
  const long = [label(63), label(63), label(63)];
  expect(readName(concat(...long, label(61), [0]), 0)?.name.length).toBe(253);
  expect(readName(concat(...long, label(62), [0]), 0)).toBeUndefined();
});

test('any bytes can be read from any place without a crash and within the bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(310), (bytes, start) => {
      const found = readName(bytes, start);
      if (!found) return;
      expect(found.end).toBeGreaterThan(start);
      expect(found.end).toBeLessThanOrEqual(bytes.length);
      expect(found.name).toMatch(/^[\x21-\x7e]+$/);
      expect(found.name.length).toBeLessThanOrEqual(1_016);
    }),
    { numRuns: 2_000 },
  );
});
