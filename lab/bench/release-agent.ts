// A release's executable against the agent's source: size, start to first frame, memory and CPU.
//
//   npm run release -- --arch x64 && node lab/bench/release-agent.ts deploy/release/build/foretop-agent-linux-x64
//
// Each in a network namespace of its own with 50 connections, sending to a real collector there. (root, iproute2; 2 minutes each)
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, repository } from '../harness/child.ts';
import { agentMain, createEnrolToken, freePort, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';
import { treeCpuSeconds, treeMemoryMb } from './cost.ts';

const starts = 7;
const settleMs = 40_000;
const windowMs = 30_000;

const missing = namespacesMissing();
if (missing) throw new Error(`This benchmark cannot run here: ${missing}.`);

console.log('| Agent | size MB | start to first frame ms (median, least) | PSS MB | anonymous MB | CPU % of a core |');
console.log('|---|---|---|---|---|---|');
for (const executable of [undefined, ...process.argv.slice(2)]) console.log(await measure(executable));

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
  const times: number[] = [];
  for (let count = 0; count < starts; count += 1) times.push(await endAfter(start()));
  times.sort((one, other) => one - other);
  const { agent } = start();
  stack.defer(() => void agent.kill());
  await sleep(settleMs);
  const before = treeCpuSeconds(agent.pid!);
  await sleep(windowMs);
  const cpu = ((treeCpuSeconds(agent.pid!) - before) / windowMs) * 100_000;
  const { pss, anonymous } = treeMemoryMb(agent.pid!);
  const size = executable === undefined ? '' : (statSync(executable).size / 1e6).toFixed(1);
  const name = executable === undefined ? 'source, on Node' : basename(executable);
  const toFrame = `${times[Math.floor(starts / 2)]!.toFixed(0)}, ${times[0]!.toFixed(0)}`;
  return `| ${[name, size, toFrame, pss.toFixed(1), anonymous.toFixed(1), cpu.toFixed(2)].join(' | ')} |`;
}

/** `frame` is there once the collector has welcomed it, which is after its first look at the host. */
function spawnAgent(command: string[], token = ''): { agent: ChildProcess; frame: Promise<void>; startedMs: number } {
  const startedMs = performance.now();
  const agent = spawn('ip', command, { stdio: ['pipe', 'ignore', 'pipe'] });
  agent.stdin!.end(token);
  const frame = new Promise<void>((welcomed, reject) => {
    let said = '';
    agent.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('"event":"connected"')) welcomed();
    });
    agent.once('close', () => reject(new Error(`the agent ended:\n${said}`)));
  });
  frame.catch(() => undefined); // once it was welcomed, its end is no failure
  return { agent, frame, startedMs };
}

/** @returns ms to the first frame. */
async function endAfter({ agent, frame, startedMs }: ReturnType<typeof spawnAgent>): Promise<number> {
  await frame;
  const tookMs = performance.now() - startedMs;
  agent.kill();
  await once(agent, 'close');
  return tookMs;
}
