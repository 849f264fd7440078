// What detection costs a collector with a fleet of simulated hosts: its share of the collector's CPU, by detector, and what it found.
//
//   npm run bench:detection -w lab [-- HOSTS SECONDS]        (1000 hosts, 75 s; about 5 minutes)
//
// Both times are the collector's own, from /metrics: all that detection does on the event loop, and the CPU time of the process.
// What detection makes Postgres do is not in it.
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createApiToken, freePort, startCollector, temporaryFolder } from '../harness/foretop.ts';
import { tokensFrom } from '../simulator/enrol-tokens.ts';
import { createFleet } from '../simulator/fleet.ts';

const [hosts = 1_000, seconds = 75] = process.argv.slice(2).map(Number);
/** What the first minute brings is over by then, and states are being saved, which is due every three minutes. */
const settleMs = 175_000;

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder('detection'));
const collector = stack.use(await startCollector(`${folder.path}/data`, await freePort()));
const token = await createApiToken(collector.dataDir, 'admin');
const fleet = createFleet({
  collectorUrl: collector.url,
  tokens: tokensFrom(token, collector.url),
  ...{ hosts, seed: 'bench', profile: 'typical' },
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
const before = await scrape();
await sleep(seconds * 1_000);
const after = await scrape();
await fleet.stop(60_000);

const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
const whole = grown('foretop_process_cpu_seconds_total');
const own = grown('foretop_detection_cpu_seconds_total');
const observations = grown('foretop_detection_observations_total');
console.log(`${hosts} hosts, ${seconds} s; load average ${loadavg()[0]!.toFixed(1)}`);
console.log('| CPU, cores: collector | detection | share (target 20 %) | observations a second | dropped |');
console.log('|---|---|---|---|---|');
console.log(
  `| ${(whole / seconds).toFixed(3)} | ${(own / seconds).toFixed(3)} | ${((own / whole) * 100).toFixed(1)} % | ` +
    `${Math.round(observations / seconds)} | ${grown('foretop_detection_dropped_observations_total')} |`,
);
console.log('| Detector | ms of CPU a second | observations a second |');
console.log('|---|---|---|');
const cpuOf = /^foretop_detector_cpu_seconds_total\{detector="([a-z-]+)"\}$/;
const rows = [...after.keys()].flatMap((name) => {
  const detector = cpuOf.exec(name)?.[1];
  if (detector === undefined) return [];
  const seen = grown(`foretop_detector_observations_total{detector="${detector}"}`);
  return [{ detector, ms: (grown(name) / seconds) * 1_000, seen: seen / seconds }];
});
for (const { detector, ms, seen } of rows.toSorted((a, b) => b.ms - a.ms))
  console.log(`| ${detector} | ${ms.toFixed(2)} | ${Math.round(seen)} |`);
console.log('Findings on hosts at the end:');
for (const [name, value] of after)
  if (value > 0 && name.startsWith('foretop_findings{')) console.log(`  ${name} ${value}`);
console.log(
  `Memory: ${Math.round((after.get('foretop_process_resident_memory_bytes') ?? 0) / 2 ** 20)} MiB resident, ` +
    `${Math.round((after.get('foretop_process_heap_used_bytes') ?? 0) / 2 ** 20)} MiB heap; states saved: ` +
    `${grown('foretop_detection_states_saved_total')} hosts, ${Math.round(grown('foretop_detection_state_bytes_written_total') / 1024)} KiB`,
);

/** Each sample of /metrics by its name with labels. */
async function scrape(): Promise<Map<string, number>> {
  const text = await (await fetch(`${collector.url}/metrics`)).text();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
