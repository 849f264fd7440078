// What a fleet of simulated typical hosts costs a real collector: how late acknowledgements are, and the CPU of collector and Postgres.
//
//   npm run bench:fleet -w lab [-- HOSTS SECONDS]        (1000 hosts, 75 s; about 2 minutes)
//
// The delay is from the instant that a batch was sealed to its acknowledgement, so it holds what waits at both ends. The
// simulator shares the machine; how late its own timers were is printed beside, since that is part of every delay.
// At the end the fleet's pages are asked for; the collector answers out of its memory once it has run for six minutes, so
// ask for 420 s to see those times.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { apiClient, createApiToken, freePort, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { postmasterPid } from '../harness/postgres.ts';
import { tokensFrom } from '../simulator/enrol-tokens.ts';
import { createFleet } from '../simulator/fleet.ts';
import { childrenByParent, cpuSeconds, treeCpuSeconds } from './cost.ts';

const [hosts = 1_000, seconds = 75] = process.argv.slice(2).map(Number);
/** All hosts are enrolled by then, and what their first minute brings is over. */
const settleMs = 15_000;

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder('fleet'));
const collector = stack.use(await startCollector(`${folder.path}/data`, await freePort()));
const postmaster = await postmasterPid(collector);
const token = await createApiToken(collector.dataDir, 'admin');
const delaysMs: number[] = [];
const fleet = createFleet({
  collectorUrl: collector.url,
  tokens: tokensFrom(token, collector.url),
  ...{ hosts, seed: 'bench', profile: 'typical' },
  onAcknowledged: (delayMs) => delaysMs.push(delayMs),
  log: pino({ level: 'error' }),
});
fleet.start();
const enrolled = () => fleet.truth({ connections: false }).hosts.filter(({ connected }) => connected).length;
const deadlineMs = Date.now() + 240_000;
while (enrolled() < hosts) {
  if (Date.now() > deadlineMs) throw new Error(`${enrolled()} of ${hosts} hosts are connected after 240 s`);
  await sleep(500);
}
await sleep(settleMs);

const cpu = () => ({
  collector: cpuSeconds(collector.child.pid),
  postgres: treeCpuSeconds(postmaster, childrenByParent()),
});
const timers = monitorEventLoopDelay({ resolution: 20 });
const before = cpu();
delaysMs.length = 0;
timers.enable();
await sleep(seconds * 1_000);
timers.disable();
const after = cpu();
const answers = await askForPages();
const memory = await inMemory();
const sorted = delaysMs.toSorted((a, b) => a - b);
await fleet.stop(60_000);
const { hosts: truth } = fleet.truth({ connections: false });
const differing = truth.filter(({ sealed, acknowledged }) => sealed.segments !== acknowledged.segments).length;

const percentile = (share: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(0);
const cores = (part: 'collector' | 'postgres') => (after[part] - before[part]) / seconds;
console.log(
  `${hosts} hosts, ${seconds} s, ${sorted.length} batches acknowledged; load average ${loadavg()[0]!.toFixed(1)}`,
);
console.log(`hosts whose acknowledged segments are not those sealed: ${differing}`);
console.log('| Acknowledgement, ms: p50 | p99 (target 2,000) | highest | simulator’s timers late, ms: p99 |');
console.log('|---|---|---|---|');
console.log(
  `| ${percentile(0.5)} | ${percentile(0.99)} | ${percentile(1)} | ${(timers.percentile(99) / 1e6).toFixed(0)} |`,
);
console.log('| CPU, cores: collector | Postgres | together (target 0.3) |');
console.log('|---|---|---|');
const [own, server] = [cores('collector'), cores('postgres')];
console.log(`| ${own.toFixed(2)} | ${server.toFixed(2)} | ${(own + server).toFixed(2)} |`);
console.log('| Question | Best ms | Highest ms |');
console.log('|---|---|---|');
for (const { path, times } of answers)
  console.log(`| ${path} | ${Math.min(...times).toFixed(0)} | ${Math.max(...times).toFixed(0)} |`);

console.log(`in the collector's memory: ${memory}`);

/** What it counts of the segments that it holds. */
async function inMemory(): Promise<string> {
  const response = await fetch(`${collector.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const lines = (await response.text()).split('\n');
  return lines.filter((line) => /^foretop_(recent_|process_resident)/.test(line)).join(', ');
}

/** While the fleet goes on sending. Counts of the fleet are kept for 2 s: each question waits until they are made anew. */
async function askForPages(): Promise<{ path: string; times: number[] }[]> {
  const get = apiClient(collector.url, token);
  const paths = ['/api/v1/stats', '/api/v1/connections?limit=500', '/api/v1/connections/facets'];
  const asked = paths.map((path) => ({ path, times: [] as number[] }));
  for (let round = 0; round < 8; round++) {
    for (const { path, times } of asked) {
      const began = performance.now();
      await get(path);
      times.push(performance.now() - began);
    }
    await sleep(2_100);
  }
  return asked;
}
