// What detectors say about a fleet in which nothing bad happens: findings a host a day, over simulated days, faster than real time.
//
//   node lab/bench/detection-noise.ts [HOSTS HOURS PROFILE SKEWED]        (200 hosts, 24 h, mix, 0.1)
//
// Hosts of the profile noisy are scanned from outside, and the clocks of a share of hosts are wrong, as in the simulator: what is
// found of either is true, and counted apart.
import { pino } from 'pino';
import { detectors } from '../../collector/src/detect/registry.ts';
import { openEnrichment } from '../../collector/src/enrich/enrichment.ts';
import { temporaryFolder } from '../harness/foretop.ts';
import { createJudgedFleet, type FoundOnFleet } from '../harness/judged-fleet.ts';
import type { FleetProfile } from '../simulator/profiles/catalogue.ts';
import { stepsPerSecond } from '../simulator/world.ts';

const [hostsText, hoursText, profileText, skewedText] = process.argv.slice(2);
const hosts = Number(hostsText ?? 200);
const hours = Number(hoursText ?? 24);
const profile = (profileText ?? 'mix') as FleetProfile;
const skewedShare = Number(skewedText ?? 0.1);
const hourSteps = 3_600 * stepsPerSecond;

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder('noise'));
const log = pino({ level: 'error' });
const files = { cityFiles: undefined, asnFiles: undefined, listFolder: undefined, reverseDns: 'off' } as const;
const enrichment = stack.use(await openEnrichment({ dataDir: folder.path, ...files, log }));
await enrichment.ready(['192.0.2.1']);

const startUs = Math.floor(Date.now() / 1_000) * 1e6 - hours * 3_600e6;
const { world, engine, found, counts, step } = createJudgedFleet(
  { seed: 'noise', hosts, profile, startUs, skewedShare },
  {
    place: (address) => enrichment.place(address),
    registrableDomain: (name) => enrichment.registrableDomain(name),
    listed: (what) => enrichment.listed(what),
  },
);

const startedMs = performance.now();
for (let steps = 1; steps <= hours * hourSteps; steps++) {
  // Promises of the enrichment get their turn.
  if (step()) await new Promise((resolve) => setImmediate(resolve));
  if (steps % hourSteps === 0) report(steps / hourSteps);
}
printTable();
process.exitCode = counts.failures === 0 ? 0 : 1;

function report(done: number): void {
  const seconds = (performance.now() - startedMs) / 1_000;
  console.error(
    `${done} of ${hours} h in ${seconds.toFixed(0)} s: ${counts.observations} observations, ${found.size} findings`,
  );
}

/** What is so. */
function isTrue({ detector, draft }: FoundOnFleet): boolean {
  const host = world.hosts[Number(draft.host) - 1];
  if (detector === 'port-scan') return host?.profile.name === 'noisy';
  return detector === 'clock-skew' && Math.abs(host?.wallSkewUs ?? 0) >= 1e6;
}

function printTable(): void {
  const hostDays = (hosts * hours) / 24;
  const all = [...found.values()];
  const list = all.filter((one) => !isTrue(one));
  const notable = list.filter(({ draft }) => draft.severity !== 'low').length;
  const trueOf = (id: string) => all.filter((one) => one.detector === id && isTrue(one)).length;
  console.log(`${hosts} hosts (${profile}), ${hours} h, ${counts.observations} observations`);
  console.log(
    `findings a host a day: ${(list.length / hostDays).toFixed(4)}, of medium and above ${(notable / hostDays).toFixed(4)} (target 0.2)`,
  );
  console.log(`true ones beside them: ${trueOf('port-scan')} scans, ${trueOf('clock-skew')} clocks that are wrong`);
  console.log('| Detector | low | medium | high | critical | µs an observation |');
  console.log('|---|---|---|---|---|---|');
  for (const { id } of detectors) {
    const own = list.filter(({ detector }) => detector === id);
    const of = (severity: string) => own.filter(({ draft }) => draft.severity === severity).length;
    const { cpuMs, observations: seen } = engine.figures(id);
    const each = seen === 0 ? '-' : ((cpuMs / seen) * 1_000).toFixed(2);
    console.log(`| ${id} | ${of('low')} | ${of('medium')} | ${of('high')} | ${of('critical')} | ${each} |`);
  }
  console.log(
    `mapping and prevalence: ${((counts.mappingMs / counts.observations) * 1_000).toFixed(2)} µs an observation`,
  );
  for (const { id } of detectors)
    for (const { draft, atSeconds } of list.filter(({ detector }) => detector === id).slice(0, 5))
      console.log(`  ${(atSeconds / 3_600).toFixed(1)} h ${id} ${draft.severity} host ${draft.host}: ${draft.summary}`);
}
