// The agent's CPU and memory at 50, 1,000 and 10,000 connections, with `ss -tuanpieH` in a one-second loop in the same run.
//
//   npm run bench:agent -w lab        (root, iproute2; about 4 minutes)
//
// Everything runs in a network namespace of its own with 150 sleeping processes; the agent sends to a real collector there.
// A connection on loopback is two sockets of the host, so N connections here are N/2 clients and N/2 servers.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../harness/child.ts';
import { createEnrolToken, freePort, startAgent, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { makeNamespace, namespacesMissing } from '../harness/network-namespace.ts';
import { cpuSeconds, memoryMb } from './cost.ts';

const sizes = [50, 1_000, 10_000];
const windowSeconds = 30;

const missing = namespacesMissing();
if (missing) throw new Error(`This benchmark cannot run here: ${missing}.`);

console.log(
  '| Connections | agent CPU % of a core | agent PSS MB | agent anonymous MB | ss loop CPU % of a core | ratio |',
);
console.log('|---|---|---|---|---|---|');
for (const size of sizes) console.log(await measure(size));

async function measure(size: number): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const namespace = stack.use(makeNamespace('bench'));
  const inside = { networkNamespace: namespace.name };
  const folder = stack.use(await temporaryFolder('bench'));
  const fillers = Array.from({ length: 150 }, () => spawn('sleep', ['600'], { stdio: 'ignore' }));
  stack.defer(() => fillers.forEach((filler) => filler.kill()));

  const port = await freePort();
  const load = stack.use(
    new Child(
      'load',
      ['lab/load/tcp-load.ts', '--port', `${port}`, '--idle', `${size / 2}`, '--seconds', '300'],
      inside,
    ),
  );
  await load.waitFor(/"ready":true/);
  const collector = stack.use(await startCollector(`${folder.path}/data`, await freePort(), inside));
  const token = await createEnrolToken(collector.dataDir);
  const agent = stack.use(startAgent(collector.url, `${folder.path}/agent`, 'bench', { token, ...inside }));
  const loop = spawn(
    'ip',
    ['netns', 'exec', namespace.name, 'sh', '-c', 'while :; do ss -tuanpieH >/dev/null; sleep 1; done'],
    {
      stdio: 'ignore',
    },
  );
  stack.defer(() => void loop.kill());

  await sleep(15_000); // past start-up, the first full segments and the first minute's compilation
  const before = { agent: cpuSeconds(agent.pid), ss: cpuSeconds(loop.pid!), at: performance.now() };
  await sleep(windowSeconds * 1000);
  const elapsed = (performance.now() - before.at) / 1000;
  const agentCpu = ((cpuSeconds(agent.pid) - before.agent) / elapsed) * 100;
  const ssCpu = ((cpuSeconds(loop.pid!) - before.ss) / elapsed) * 100;
  const memory = memoryMb(agent.pid);
  const cells = [size.toLocaleString('en'), agentCpu, memory.pss, memory.anonymous, ssCpu];
  const text = cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(1) : cell));
  return `| ${text.join(' | ')} | ${(agentCpu / ssCpu).toFixed(2)} |`;
}
