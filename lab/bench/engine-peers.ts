// The agent's collector beside peers that watch connections, under the same loads of known truth: cost, and share of what was seen.
//
//   npm run bench:peers -w lab -- --bench FOLDER [--scenarios 1k-idle,10k-idle,1k-short,1k-steady] [--seconds 20]
//
// FOLDER holds `bench-peers` and `report-peers`. (root, iproute2, python3, nethogs; two and a half minutes a scenario.) It all runs in a network
// namespace of its own, in the host's PID namespace: the kernel's programs name processes by the host's numbers.
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { repository } from '../harness/child.ts';
import { temporaryFolder } from '../harness/foretop.ts';
import { makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';

const { values } = parseArgs({
  options: {
    bench: { type: 'string' },
    scenarios: { type: 'string', default: '1k-idle,10k-idle,1k-short,1k-steady' },
    tools: { type: 'string', default: 'nethogs,ss-tunapie' },
    seconds: { type: 'string', default: '20' },
    /** Arguments of the load, instead of those that a scenario has. */
    load: { type: 'string', default: '' },
  },
});
const missing = namespacesMissing();
if (missing) throw new Error(`This benchmark cannot run here: ${missing}.`);
if (values.bench === undefined) throw new Error('--bench FOLDER is missing: where bench-peers is.');
const bench = resolve(values.bench);
const score = `${process.execPath} ${join(repository, 'lab/bench/engine-score.ts')}`;

await using folder = await temporaryFolder('peers');
for (const scenario of values.scenarios.split(',')) {
  const results = join(folder.path, `${scenario}.jsonl`);
  using namespace = makeNamespace('peers');
  const agents = ['--cmd', `agent=${score}`, '--cmd', `agent-netlink=${score} netlink`];
  const options = ['--scenario', scenario, '--tools', values.tools, '--seconds', values.seconds, '--out', results];
  const load = values.load === '' ? [] : ['--load', values.load];
  const command = ['netns', 'exec', namespace.name, join(bench, 'bench-peers'), ...options, ...agents, ...load];
  execFileSync('ip', command, { stdio: ['ignore', 'ignore', 'inherit'] });
  process.stdout.write(execFileSync(join(bench, 'report-peers'), [results], { encoding: 'utf8' }));
}
