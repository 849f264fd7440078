// Equal addresses are one array; others are never mixed up, whatever slots they fall into.
import { expect, it } from 'vitest';
import { sharedAddress } from './shared-address.ts';

it('gives the array that came first for an equal address', () => {
  const first = sharedAddress(Uint8Array.of(127, 0, 0, 1));
  expect(sharedAddress(Uint8Array.of(127, 0, 0, 1))).toBe(first);
});

it('keeps the bytes of more addresses than it has slots, of both lengths', () => {
  for (let index = 0; index < 5_000; index++) {
    const v4 = Uint8Array.of(10, 0, index >> 8, index & 255);
    const v6 = Uint8Array.of(...Array.from({ length: 14 }, () => 0), index >> 8, index & 255);
    expect([...sharedAddress(v4.slice())]).toEqual([...v4]);
    expect([...sharedAddress(v6.slice())]).toEqual([...v6]);
  }
});
