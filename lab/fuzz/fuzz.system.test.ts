// Damaged input with a fixed seed, a minute in all: no parser throws, and none takes long over any of it.
import { expect, test } from 'vitest';
import { runFuzz } from './run-fuzz.ts';
import { madeSeeds } from './seeds.ts';
import { targets } from './targets.ts';

const seeds = madeSeeds();
const maxMs = 7_000;
/** Of one input, on a machine that does other things as well. */
const maxSlowestMs = 20;

test.each(Object.entries(targets))('%s', { timeout: 5 * maxMs }, (name, { seeds: kinds, open }) => {
  const inputs = kinds.flatMap((kind) => seeds[kind]);
  const result = runFuzz(open(), inputs, { inputs: 10_000_000, seed: 1, maxMs });
  console.log(`${name}: ${result.inputs} inputs, the slowest took ${result.slowestMs.toFixed(2)} ms`);
  expect(result.failure).toBeUndefined();
  expect(result.inputs).toBeGreaterThan(10_000);
  expect(result.slowestMs).toBeLessThan(maxSlowestMs);
});

test('a parser that throws is found, with the input that it threw at', () => {
  const broken = (input: Uint8Array) => {
    if (input.length > 40 && input[3] === 0xff) throw new RangeError('beyond');
  };
  const { failure } = runFuzz(broken, seeds.dns, { inputs: 1_000_000, seed: 1 });
  expect(failure?.message).toContain('beyond');
  expect(failure?.input.slice(6, 8)).toBe('ff');
});
