// The clock ignores delayed messages and outlives a jump of the local wall clock.
import { expect, it } from 'vitest';
import { createServerClock } from './server-clock.ts';

it('uses the wall clock before the first message', () => {
  expect(
    createServerClock(
      () => 5,
      () => 1_000,
    ).nowMs(),
  ).toBe(1_000);
});

it('takes the least delayed of the last messages and forgets old ones', () => {
  let monotonic = 0;
  const clock = createServerClock(
    () => monotonic,
    () => -1,
    2,
  );
  clock.observe(10_000);
  monotonic = 1_000;
  clock.observe(10_700); // 300 ms late
  expect(clock.nowMs()).toBe(11_000);
  monotonic = 2_000;
  clock.observe(11_700);
  expect(clock.nowMs()).toBe(11_700);
});
