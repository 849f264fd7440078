import { expect, test } from 'vitest';
import { packState, unpackState } from './packed-state.ts';

test('what was packed comes back', () => {
  const state = { hours: [1, 2.5, null], names: ['a', 'ü'] };
  expect(unpackState(packState(state)!)).toEqual(state);
  const long = { ...state, texts: Array.from({ length: 2_000 }, () => 'again') };
  expect(packState(long)!.length).toBeLessThan(1_000);
  expect(unpackState(packState(long)!)).toEqual(long);
});

test('a state beyond the bound is not kept', () => {
  expect(packState('x'.repeat(300_000))).toBeUndefined();
  expect(packState('x'.repeat(1_000), 100)).toBeUndefined();
});

test('what is no state is nothing', () => {
  expect(unpackState(Buffer.from('nonsense'))).toBeUndefined();
  const large = packState('x'.repeat(200_000))!;
  expect(unpackState(large, 1_000)).toBeUndefined();
});
