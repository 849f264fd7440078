// An accelerated soak: short connections, DNS and processes at a high rate; the agent's memory, descriptors and map entries over time.
//
//   npm run bench:soak -w lab -- [--minutes 10]        (root)
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { AgentStatus } from '../../agent/src/wire/status.ts';
import { Child } from '../harness/child.ts';
import { createEnrolToken, freePort, startAgent, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { treeCpuSeconds, treeMemoryMb } from './cost.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
const samples = 10;
const seconds = String(minutes * 60 + 60);

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder('soak'));
const collector = stack.use(await startCollector(`${folder.path}/data`, await freePort()));
mkdirSync(`${folder.path}/agent`, { mode: 0o700 });
const token = await createEnrolToken(collector.dataDir);
const agent = stack.use(startAgent(collector.url, `${folder.path}/agent`, 'soak', { token }));
await agent.waitFor(/"event":"connected"/);
const loads = [
  ['--protocol', 'tcp', '--rate', '500', '--address', '127.0.0.1'],
  ['--protocol', 'udp', '--rate', '200', '--address', '127.0.0.1'],
  ['--protocol', 'dns', '--rate', '300', '--address', '127.0.0.78'],
];
for (const load of loads)
  stack.use(new Child(load[1]!, ['lab/load/short-connections.ts', ...load, '--seconds', seconds]));
const churn = spawn('sh', ['-c', 'while :; do /bin/true; sleep 0.02; done'], { stdio: 'ignore' });
stack.defer(() => void churn.kill());

const columns = ['minute', 'CPU %', 'PSS MB', 'anonymous MB', 'descriptors', 'of the engine', 'flows', 'owners'];
console.log(
  `| ${[...columns, 'events lost', 'left out', 'given up', 'load average'].join(' | ')} |\n|${'---|'.repeat(columns.length + 4)}`,
);
for (let sample = 1; sample <= samples; sample++) {
  const before = treeCpuSeconds(agent.pid);
  const stepMs = (minutes * 60_000) / samples;
  await sleep(stepMs);
  const cpu = ((treeCpuSeconds(agent.pid) - before) / stepMs) * 100_000;
  const { pss, anonymous } = treeMemoryMb(agent.pid);
  const status = JSON.parse(readFileSync(`${folder.path}/agent/status.json`, 'utf8')) as AgentStatus;
  const cells = [
    ((minutes * sample) / samples).toFixed(1),
    cpu.toFixed(1),
    pss.toFixed(1),
    anonymous.toFixed(1),
    ...descriptors(agent.pid),
  ];
  const { flows = 0, owners = 0 } = status.kernelEntries ?? {};
  const { eventsLost, leftOut = 0, givenUp } = status;
  const told = [flows, owners, eventsLost, leftOut, givenUp.length];
  console.log(`| ${[...cells, ...told, loadavg()[0]!.toFixed(1)].join(' | ')} |`);
}

/** How many there are, and how many of them are the kernel engine's. */
function descriptors(pid: number): string[] {
  const links = readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`));
  return [links.length, links.filter((link) => link.includes('bpf')).length].map(String);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
