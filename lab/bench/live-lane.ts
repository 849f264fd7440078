// The live lane at its highest rate: how evenly an agent measures bandwidth while somebody watches all its tables, and what that costs.
//
//   node lab/bench/live-lane.ts [--agent FILE] [--connections 1000] [--seconds 60]        (root)
//
// The interval is that between two readings by the agent's own clock; how late a frame arrives is the network's business.
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { limits, LiveSection } from '@foretop/proto';
import { startFakeCollector } from '../../agent/test/fake-collector.ts';
import { Child } from '../harness/child.ts';
import { agentMain, eventually, freePort, temporaryFolder } from '../harness/foretop.ts';
import { treeCpuSeconds } from './cost.ts';

const { values } = parseArgs({
  options: {
    agent: { type: 'string', default: join(import.meta.dirname, '..', '..', agentMain) },
    connections: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
  },
});
const seconds = Number(values.seconds);
const periodMs = 1_000 / limits.liveRateHz;
const settleMs = 20_000;

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder('live-lane'));
const load = ['--port', `${await freePort()}`, '--idle', `${Number(values.connections) / 2}`, '--seconds', '600'];
await stack.use(new Child('load', ['lab/load/tcp-load.ts', ...load])).waitFor(/"ready":true/);
const collector = stack.use(await startFakeCollector());
const file = resolve(values.agent);
const command = /\.[cm]?[jt]s$/.test(file) ? [process.execPath, file] : [file];
const options = ['run', '--collector', collector.url, '--data', `${folder.path}/agent`, '--token-file', '-'];
const agent = spawn(command[0]!, [...command.slice(1), ...options], { stdio: ['pipe', 'ignore', 'ignore'] });
stack.defer(async () => {
  agent.kill();
  await once(agent, 'close');
});
agent.stdin.end(collector.token);
const connection = await eventually('the agent’s hello', async () => collector.connections.find(({ hello }) => hello));
await sleep(1_000); // its Welcome

const watch = () => {
  const sections = [
    LiveSection.LIVE_SECTION_BANDWIDTH,
    LiveSection.LIVE_SECTION_CONNECTIONS,
    LiveSection.LIVE_SECTION_PROCESSES,
    LiveSection.LIVE_SECTION_INTERFACES,
    LiveSection.LIVE_SECTION_DNS,
  ];
  connection.send({ watch: { sections, rateHz: limits.liveRateHz, ttlMs: limits.leaseMs } });
};
watch();
const lease = setInterval(watch, limits.leaseRenewMs);
stack.defer(() => clearInterval(lease));
await sleep(settleMs);
collector.frames.length = 0;
const cpuBefore = treeCpuSeconds(agent.pid!);
await sleep(seconds * 1_000);
const cpu = ((treeCpuSeconds(agent.pid!) - cpuBefore) / seconds) * 100;

const times = collector.frames.flatMap(({ live }) => (live?.bandwidth ? [live.boottimeUs! / 1_000] : []));
const intervals = times.slice(1).map((time, index) => time - times[index]!);
const sorted = intervals.toSorted((a, b) => a - b);
const percentile = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(1);
const missed = intervals.filter((interval) => interval > periodMs * 1.5).length;
const columns = [
  'readings a second',
  'interval ms p1',
  'p50',
  'p99',
  'most',
  'over 150 ms',
  'agent CPU %',
  'load average',
];
const figures = [
  (times.length / seconds).toFixed(2),
  percentile(0.01),
  percentile(0.5),
  percentile(0.99),
  percentile(1),
];
console.log(`| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`);
console.log(`| ${[...figures, missed, cpu.toFixed(2), loadavg()[0]!.toFixed(1)].join(' | ')} |`);
