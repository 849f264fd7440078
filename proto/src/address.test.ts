// Addresses as text, with the examples of RFC 5952, checked against the platform's own parser.
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress, isMapped, unmapAddress } from './address.ts';

const groups = (...values: number[]) => Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));

test.each([
  ['nothing', Uint8Array.of(), ''],
  ['IPv4', Uint8Array.of(192, 0, 2, 1), '192.0.2.1'],
  ['IPv4 of zeros', Uint8Array.of(0, 0, 0, 0), '0.0.0.0'],
  ['unspecified', groups(0, 0, 0, 0, 0, 0, 0, 0), '::'],
  ['loopback', groups(0, 0, 0, 0, 0, 0, 0, 1), '::1'],
  ['leading zeros (RFC 5952 section 4.1)', groups(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), '2001:db8::1'],
  ['as short as possible (4.2.1)', groups(0x2001, 0xdb8, 0, 0, 0, 0, 2, 1), '2001:db8::2:1'],
  ['a single zero group stays (4.2.2)', groups(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1), '2001:db8:0:1:1:1:1:1'],
  ['the longest run (4.2.3)', groups(0x2001, 0, 0, 1, 0, 0, 0, 1), '2001:0:0:1::1'],
  ['the first of equal runs (4.2.3)', groups(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1), '2001:db8::1:0:0:1'],
  ['lower case (4.3)', groups(0x2001, 0xdb8, 0, 0, 0, 0, 0xabcd, 0xef01), '2001:db8::abcd:ef01'],
  ['zeros at the end', groups(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), '2001:db8::'],
  ['IPv4-mapped', groups(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201), '192.0.2.1'],
  ['NAT64 is no mapped address', groups(0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x0201), '64:ff9b::c000:201'],
])('%s', (_, bytes, text) => {
  expect(formatAddress(bytes)).toBe(text);
});

test('any 16 bytes give an address that the platform reads as the same one', () => {
  const zeroRich = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(zeroRich, (values) => {
      const bytes = groups(...values);
      const text = formatAddress(bytes);
      if (isMapped(bytes)) return expect(isIPv4(text)).toBe(true);
      expect(isIPv6(text)).toBe(true);
      const list = new BlockList();
      list.addAddress(text, 'ipv6');
      expect(list.check(values.map((value) => value.toString(16)).join(':'), 'ipv6')).toBe(true);
    }),
  );
});

test('other lengths are no addresses', () => {
  for (const length of [1, 3, 5, 15, 17]) expect(() => formatAddress(new Uint8Array(length))).toThrow(RangeError);
});

test('only mapped addresses are unmapped', () => {
  const mapped = groups(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1);
  expect([...unmapAddress(mapped)]).toEqual([127, 0, 0, 1]);
  const other = groups(0, 0, 0, 0, 0, 0xfffe, 0x7f00, 1);
  expect(unmapAddress(other)).toBe(other);
});
