// Special addresses by their bytes; the collector's test has the same by their text.
import { expect, test } from 'vitest';
import { kindOfAddress } from './address-kind.ts';

const ipv6 = (...groups: number[]) => groups.flatMap((group) => [group >> 8, group & 255]);

test.each([
  [[8, 8, 8, 8], 'public'],
  [[100, 127, 255, 255], 'private'],
  [[100, 128, 0, 0], 'public'],
  [[198, 19, 0, 1], 'reserved'],
  [[198, 20, 0, 1], 'public'],
  [ipv6(0xfdff, 0, 0, 0, 0, 0, 0, 1), 'private'],
  [ipv6(0xfebf, 0, 0, 0, 0, 0, 0, 1), 'link-local'],
  [ipv6(0x3fff, 0x0fff, 0, 0, 0, 0, 0, 1), 'reserved'],
  [ipv6(0x3fff, 0x1000, 0, 0, 0, 0, 0, 1), 'public'],
  [ipv6(0x64, 0xff9b, 0, 0, 0, 0, 0x808, 0x808), 'public'],
  [ipv6(0, 0, 0, 0, 0, 0, 0, 2), 'reserved'],
] as const)('%o is %s', (bytes, kind) => {
  expect(kindOfAddress(bytes)).toBe(kind);
});
