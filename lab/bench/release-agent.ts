// A release's executable against the agent's source: size, start to first frame, memory and CPU.
//
//   npm run release -- --arch x64 && node lab/bench/release-agent.ts [--starts 7] [--only starts] deploy/release/build/foretop-agent-linux-x64
//
// Each in a network namespace of its own with 50 connections, sending to a real collector there. (root, iproute2; 2 minutes each)
// The first frame is the pulse of the first look at the host; it goes out as soon as the collector has said Welcome. The CPU time
// until then is that of all the agent's threads and processes, which other work on the machine changes less than the time.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Child, repository } from '../harness/child.ts';
import { agentMain, createEnrolToken, freePort, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';
import { treeCpuSeconds, treeMemoryMb } from './cost.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { starts: { type: 'string', default: '7' }, only: { type: 'string', default: '' } },
});
const starts = Number(values.starts);
const settleMs = 40_000;
const windowMs = 30_000;

const missing = namespacesMissing();
if (missing) throw new Error(`This benchmark cannot run here: ${missing}.`);

const columns = ['Agent', 'size MB', 'start to first frame ms (median, least)', 'CPU ms until then (median, least)'];
columns.push('PSS MB', 'anonymous MB', 'CPU % of a core', 'load average');
console.log(`| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`);
for (const executable of [undefined, ...positionals]) console.log(await measure(executable));

async function measure(executable: string | undefined): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const namespace = stack.use(makeNamespace('bench'));
  const inside = { networkNamespace: namespace.name };
  const folder = stack.use(await temporaryFolder('bench'));
  const port = String(await freePort());
  const load = ['lab/load/tcp-load.ts', '--port', port, '--idle', '25', '--seconds', '600'];
  await stack.use(new Child('load', load, inside)).waitFor(/"ready":true/);
  const collector = stack.use(await startCollector(`${folder.path}/data`, await freePort(), inside));
  const program = executable === undefined ? [process.execPath, join(repository, agentMain)] : [resolve(executable)];
  const run = ['run', '--collector', collector.url, '--data', `${folder.path}/agent`];
  const command = ['netns', 'exec', namespace.name, ...program, ...run];
  /** With a token the host enrols. */
  const start = (token?: string) =>
    spawnAgent(token === undefined ? command : [...command, '--token-file', '-'], token);
  await endAfter(start(await createEnrolToken(collector.dataDir)));
  const measured: Start[] = [];
  for (let count = 0; count < starts; count += 1) measured.push(await endAfter(start()));
  const size = executable === undefined ? '' : (statSync(executable).size / 1e6).toFixed(1);
  const name = executable === undefined ? 'source, on Node' : basename(executable);
  const cells = [
    name,
    size,
    summary(measured.map(({ tookMs }) => tookMs)),
    summary(measured.map(({ cpuMs }) => cpuMs)),
  ];
  const row = (more: string[]) => `| ${[...cells, ...more, loadavg()[0]!.toFixed(1)].join(' | ')} |`;
  if (values.only === 'starts') return row(['', '', '']);
  const { agent } = start();
  stack.defer(() => void agent.kill());
  await sleep(settleMs);
  const before = treeCpuSeconds(agent.pid!);
  await sleep(windowMs);
  const cpu = ((treeCpuSeconds(agent.pid!) - before) / windowMs) * 100_000;
  const { pss, anonymous } = treeMemoryMb(agent.pid!);
  return row([pss.toFixed(1), anonymous.toFixed(1), cpu.toFixed(2)]);
}

/** Median and least. */
function summary(times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other);
  return `${sorted[Math.floor(sorted.length / 2)]!.toFixed(0)}, ${sorted[0]!.toFixed(0)}`;
}

/** `frame` has gone out once the agent says that it has started, which is after its first look, and is connected. */
function spawnAgent(command: string[], token = ''): { agent: ChildProcess; frame: Promise<void>; startedMs: number } {
  const startedMs = performance.now();
  const agent = spawn('ip', command, { stdio: ['pipe', 'ignore', 'pipe'] });
  agent.stdin!.end(token);
  const frame = new Promise<void>((welcomed, reject) => {
    let said = '';
    agent.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('"event":"connected"') && said.includes('"event":"started"')) welcomed();
    });
    agent.once('close', () => reject(new Error(`the agent ended:\n${said}`)));
  });
  frame.catch(() => undefined); // once it was welcomed, its end is no failure
  return { agent, frame, startedMs };
}

interface Start {
  tookMs: number;
  /** Of the tree, in the kernel's ticks of 10 ms. */
  cpuMs: number;
}

async function endAfter({ agent, frame, startedMs }: ReturnType<typeof spawnAgent>): Promise<Start> {
  await frame;
  const tookMs = performance.now() - startedMs;
  const cpuMs = treeCpuSeconds(agent.pid!) * 1_000;
  agent.kill();
  await once(agent, 'close');
  return { tookMs, cpuMs };
}
