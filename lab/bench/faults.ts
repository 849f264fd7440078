// Kills collector, Postgres and agent 50 times each (or as many as given) at random moments and reports what was lost or doubled.
//
//   npm run bench:faults -w lab -- 50        (about 12 minutes)
import { runFaults } from '../faults/scenario.ts';
import { createRandom } from '../simulator/random.ts';

const rounds = Number(process.argv[2] ?? 50);
const seed = process.argv[3] ?? String(Date.now());
console.log(`seed ${seed}`);
console.log(await runFaults({ rounds, random: createRandom(seed).unit, say: (line) => console.log(line) }));
