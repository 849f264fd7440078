import { formatAddress } from '@foretop/proto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress } from './parse-address.ts';

const zeros = (length: number) => Array.from({ length }, () => 0);

test.each([
  ['192.0.2.1', [192, 0, 2, 1]],
  ['::ffff:192.0.2.1', [192, 0, 2, 1]],
  ['::', zeros(16)],
  ['2001:db8::1', [0x20, 1, 0x0d, 0xb8, ...zeros(11), 1]],
  ['64:ff9b::192.0.2.33', [0, 0x64, 0xff, 0x9b, ...zeros(8), 192, 0, 2, 33]],
])('%s', (text, bytes) => {
  expect([...parseAddress(text)!]).toEqual(bytes);
});

test.each(['', 'example.org', '1.2.3', '1.2.3.256', 'fe80::1%eth0', '1::2::3', '10.0.0.0/8'])('%j is none', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test('whatever is written of bytes is read as these bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(fc.property(bytes, (given) => formatAddress(parseAddress(formatAddress(given))!) === formatAddress(given)));
});
