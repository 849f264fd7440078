// DNS types and response codes by name and number.
import { expect, test } from 'vitest';
import { dnsTypeName, dnsTypeNumber, rcodeName, rcodeNumber } from './dns-names.ts';

test.each([
  [1, 'A'],
  [28, 'AAAA'],
  [65, 'HTTPS'],
  [65_280, 'TYPE65280'],
  [0, 'TYPE0'],
])('type %i is %s', (number, name) => {
  expect(dnsTypeName(number)).toBe(name);
  expect(dnsTypeNumber(name.toLowerCase())).toBe(number);
});

test.each([
  [0, 'NOERROR'],
  [3, 'NXDOMAIN'],
  [16, 'BADVERS'],
  [4_000, 'RCODE4000'],
])('response code %i is %s', (number, name) => {
  expect(rcodeName(number)).toBe(name);
  expect(rcodeNumber(name)).toBe(number);
});

test.each(['', 'NOPE', 'TYPE', 'TYPE65536', 'TYPE-1', 'constructor'])('%j is no type and no code', (name) => {
  expect(dnsTypeNumber(name)).toBeUndefined();
  expect(rcodeNumber(name)).toBeUndefined();
});
