import { expect, it } from 'vitest';
import { LogLimit } from './log-limit.ts';

it('lets through five lines a minute for each key, and says how many it left out', () => {
  let nowMs = 0;
  const limit = new LogLimit(() => nowMs);
  const lines = Array.from({ length: 8 }, () => limit.admit('a')).filter((line) => line !== undefined);
  expect(lines).toHaveLength(5);
  expect(limit.admit('b')).toEqual({ suppressed: 0 });
  nowMs = 60_000;
  expect(limit.admit('a')).toEqual({ suppressed: 3 });
});
