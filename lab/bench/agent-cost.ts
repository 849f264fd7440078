// The agent's CPU and memory beside loads of several sizes, with `ss -tunapie` in a one-second loop in the same run.
//
//   npm run bench:agent -w lab -- [--agent FILE] [--engine netlink] [--cases 1000,10000,1000+200] [--repeat 3] [--seconds 30] [--settle 20]
//
// A case is a number of connections, with "+R" also R short ones a second. --agent is a release's executable, or its bundle
// (deploy/release/build/agent.cjs, whose PSS is flattered: other processes share its Node); without it the source runs. (root, iproute2; a minute for each case)
//
// Everything runs in a network namespace of its own with 150 sleeping processes; the agent sends to a real collector there.
// A connection on loopback is two sockets of the host, so N connections here are N/2 clients and N/2 servers.
import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Child } from '../harness/child.ts';
import { agentMain, createEnrolToken, freePort, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';
import { calibrationMs, cpuSeconds, treeCpuSeconds, treeMemoryMb } from './cost.ts';

const { values } = parseArgs({
  options: {
    agent: { type: 'string', default: join(import.meta.dirname, '..', '..', agentMain) },
    engine: { type: 'string', default: 'auto' },
    cases: { type: 'string', default: '50,1000,10000,1000+200' },
    repeat: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '30' },
    /** From the agent's start until it is measured: past the start itself. V8 compiles for some minutes, a fifth of what is used in the first. */
    settle: { type: 'string', default: '20' },
    /** Options of Node and V8 for the agent, separated by commas. */
    node: { type: 'string', default: '' },
  },
});
const windowMs = Number(values.seconds) * 1000;
const settleMs = Number(values.settle) * 1000;

const missing = namespacesMissing();
if (missing) throw new Error(`This benchmark cannot run here: ${missing}.`);

const columns = ['Connections', 'engine', 'agent CPU %', 'ss loop CPU %', 'ratio', 'PSS MB', 'anonymous MB'];
console.log(`| ${[...columns, 'calibration ms', 'load average'].join(' | ')} |\n|${'---|'.repeat(columns.length + 2)}`);
for (const name of values.cases.split(',')) {
  for (let count = 0; count < Number(values.repeat); count++) {
    // One case that fails, as when its agent ends, is no reason to give up the others.
    console.log(await measure(name).catch((error: unknown) => `| ${name} | not measured: ${String(error)} |`));
  }
}

async function measure(name: string): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const namespace = stack.use(makeNamespace('bench'));
  const inside = { networkNamespace: namespace.name };
  const folder = stack.use(await temporaryFolder('bench'));
  const fillers = Array.from({ length: 150 }, () => spawn('sleep', ['600'], { stdio: 'ignore' }));
  stack.defer(() => fillers.forEach((filler) => filler.kill()));

  const [size, shortRate = 0] = name.split('+').map(Number) as [number, number?];
  const idle = ['--port', String(await freePort()), '--idle', `${size / 2}`, '--seconds', '600'];
  await stack.use(new Child('load', ['lab/load/tcp-load.ts', ...idle], inside)).waitFor(/"ready":true/);
  const short = ['lab/load/short-connections.ts', '--rate', `${shortRate}`, '--seconds', '600'];
  if (shortRate > 0) await stack.use(new Child('short', short, inside)).waitFor(/"ready":true/);

  const collector = stack.use(await startCollector(`${folder.path}/data`, await freePort(), inside));
  const options = ['--collector', collector.url, '--data', `${folder.path}/agent`, '--engine', values.engine];
  const token = await createEnrolToken(collector.dataDir);
  const agent = spawn(
    'ip',
    ['netns', 'exec', namespace.name, ...agentCommand(), 'run', ...options, '--token-file', '-'],
    { stdio: ['pipe', 'ignore', 'inherit'], env: agentEnvironment() },
  );
  stack.defer(() => void agent.kill());
  agent.stdin.end(token);
  const script = 'while :; do ss -tunapie >/dev/null; sleep 1; done';
  const loop = spawn('ip', ['netns', 'exec', namespace.name, 'sh', '-c', script], { stdio: 'ignore' });
  stack.defer(() => void loop.kill());

  await sleep(settleMs);
  const before = { agent: treeCpuSeconds(agent.pid!), ss: cpuSeconds(loop.pid!), at: performance.now() };
  await sleep(windowMs);
  const elapsed = (performance.now() - before.at) / 1000;
  const agentCpu = ((treeCpuSeconds(agent.pid!) - before.agent) / elapsed) * 100;
  const ssCpu = ((cpuSeconds(loop.pid!) - before.ss) / elapsed) * 100;
  const { pss, anonymous } = treeMemoryMb(agent.pid!);
  const figures = [agentCpu.toFixed(2), ssCpu.toFixed(1), (agentCpu / ssCpu).toFixed(2), pss.toFixed(1)];
  const circumstances = [calibrationMs().toFixed(0), loadavg()[0]!.toFixed(1)];
  return `| ${[name, values.engine, ...figures, anonymous.toFixed(1), ...circumstances].join(' | ')} |`;
}

/** Without what only this shell has: a file of certificates takes Node 0.8 MB, whoever it is for. */
function agentEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...own } = process.env;
  return { ...own, FORETOP_AGENT_LOG_LEVEL: 'error' };
}

function agentCommand(): string[] {
  const file = resolve(values.agent);
  const options = values.node === '' ? [] : values.node.split(',');
  return /\.[cm]?[jt]s$/.test(file) ? [process.execPath, ...options, file] : [file];
}
