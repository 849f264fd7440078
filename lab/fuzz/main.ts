// Fuzzes one parser, or all of them one after the other: --help says how.
import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.ts';
import { madeSeeds, realSeeds } from './seeds.ts';
import { targets } from './targets.ts';

const help = `Damages messages and files and gives them to the parsers. Exits with 1 when a parser throws, and prints the input.

  npm run fuzz -w lab -- [--parser NAME] [--inputs N] [--seed N] [--data DIR]

  --parser NAME  ${Object.keys(targets).join(', ')}; without it, all of them
  --inputs N     for each parser; 1000000 without it
  --seed N       the same seed gives the same inputs; 1 without it
  --data DIR     real captures to damage, beside the made ones
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    parser: { type: 'string', default: 'all' },
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string' },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit();
}
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
