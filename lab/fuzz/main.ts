// Fuzzes one parser of the agent, or all of them one after the other.
//
//   npm run fuzz -w lab -- --parser dns --inputs 10000000 --seed 1 [--data DIR]
//
// Exits with 1 at the first input that a parser throws at, and prints it.
import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.ts';
import { madeSeeds, realSeeds } from './seeds.ts';
import { targets } from './targets.ts';

const { values } = parseArgs({
  options: {
    parser: { type: 'string', default: 'all' },
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string' },
  },
});
const made = madeSeeds();
const real = values.data === undefined ? undefined : realSeeds(values.data);
for (const parser of values.parser === 'all' ? Object.keys(targets) : [values.parser]) {
  const fuzzed = targets[parser];
  if (!fuzzed) throw new RangeError(`There is no parser '${parser}', only ${Object.keys(targets).join(', ')}.`);
  const seeds = fuzzed.seeds.flatMap((kind) => [...made[kind], ...(real?.[kind] ?? [])]);
  const run = { inputs: Number(values.inputs), seed: Number(values.seed) };
  const { inputs, elapsedMs, slowestMs, slowestInput, failure } = runFuzz(fuzzed.open(), seeds, run);
  const each = ((elapsedMs * 1_000) / Math.max(1, inputs)).toFixed(2);
  console.log(`${parser}: ${inputs} inputs in ${(elapsedMs / 1_000).toFixed(1)} s, ${each} us each with their making`);
  console.log(`  slowest ${slowestMs.toFixed(2)} ms: ${slowestInput.slice(0, 200)}`);
  if (!failure) continue;
  console.error(`  ${failure.message}\n  input: ${failure.input}`);
  process.exitCode = 1;
}
