// Nothing acknowledged is lost and nothing is stored twice, whatever is killed when.
import { expect, test } from 'vitest';
import { runFaults } from '../faults/scenario.ts';
import { createRandom } from '../simulator/random.ts';

test('collector, Postgres and agent killed 5 times each under load', { timeout: 300_000 }, async () => {
  const { kills, looks, unsealed, ...errors } = await runFaults({ rounds: 5, random: createRandom('faults').unit });
  expect(kills).toEqual({ collector: 5, postgres: 5, agent: 5 });
  expect(looks).toBeGreaterThan(30);
  expect(unsealed).toBeLessThan(5 * 7);
  expect(errors).toEqual({
    duplicates: 0,
    missing: 0,
    longBytesError: 0,
    floodError: 0,
    floodBytesError: 0,
    spooled: 0,
  });
});
