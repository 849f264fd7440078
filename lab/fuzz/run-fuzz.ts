// One run: damaged inputs into one parser, with the slowest of them and the first that it threw at.
import { Mutator, randomFrom } from './mutate.ts';
import type { Target } from './targets.ts';

export interface FuzzOptions {
  inputs: number;
  seed: number;
  /** Ends early after this. */
  maxMs?: number;
}

export interface FuzzResult {
  inputs: number;
  elapsedMs: number;
  /** Of the slowest input when it is given again: without the compiler, the collector of garbage and other programs. */
  slowestMs: number;
  /** In hexadecimal. */
  slowestInput: string;
  failure: { message: string; input: string } | undefined;
}

export function runFuzz(target: Target, seeds: readonly Uint8Array[], options: FuzzOptions): FuzzResult {
  const { inputs, seed, maxMs = Infinity } = options;
  const mutator = new Mutator(seeds, randomFrom(seed));
  const result: FuzzResult = { inputs: 0, elapsedMs: 0, slowestMs: 0, slowestInput: '', failure: undefined };
  const started = performance.now();
  let last = started;
  while (result.inputs < inputs && last - started < maxMs) {
    const input = mutator.next();
    const before = performance.now();
    try {
      target(input);
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      result.failure = { message, input: Buffer.from(input).toString('hex') };
      break;
    }
    last = performance.now();
    result.inputs++;
    if (last - before <= result.slowestMs) continue;
    const again = timeAgain(target, input);
    if (again <= result.slowestMs) continue;
    result.slowestMs = again;
    result.slowestInput = Buffer.from(input).toString('hex');
  }
  return { ...result, elapsedMs: last - started };
}

function timeAgain(target: (input: Uint8Array) => void, input: Uint8Array): number {
  let bestMs = Infinity;
  for (let times = 0; times < 3; times++) {
    const before = performance.now();
    target(input);
    bestMs = Math.min(bestMs, performance.now() - before);
  }
  return bestMs;
}
