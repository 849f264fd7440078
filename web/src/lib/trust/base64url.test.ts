// Bytes as base64url, against the vectors of RFC 4648 and every length.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromBase64url, toBase64url } from './base64url.ts';

it.each([
  ['', ''],
  ['f', 'Zg'],
  ['fo', 'Zm8'],
  ['foobar', 'Zm9vYmFy'],
])('%j is %j', (plain, text) => expect(toBase64url(new TextEncoder().encode(plain))).toBe(text));

it('uses the letters that need no escape in an address', () =>
  expect(toBase64url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe('-__-'));

it('comes back as it went', () =>
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromBase64url(toBase64url(bytes))).toEqual(new Uint8Array(bytes));
    }),
  ));
