// What detectors say about a fleet in which nothing bad happens: findings a host a day, over simulated days, faster than real time.
//
//   node lab/bench/detection-noise.ts [HOSTS HOURS PROFILE]        (200 hosts, 24 h, mix)
//
// The hosts' real recorder seals real batches; ingest opens and checks them, the collector's own mapping makes observations of
// them, and every detector runs as it is by default. Only the wire and the database are left out. Hosts of the profile noisy are
// scanned from outside: what is found of that is no noise, and counted apart.
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { observationsOf } from '../../collector/src/detect/engine/batch-observations.ts';
import { AddressTexts } from '../../collector/src/detect/engine/address-texts.ts';
import { createEngine } from '../../collector/src/detect/engine/engine.ts';
import { Prevalence } from '../../collector/src/detect/engine/prevalence.ts';
import { ProcessFacts } from '../../collector/src/detect/engine/process-facts.ts';
import type { FindingDraft } from '../../collector/src/detect/finding.ts';
import type { Observation } from '../../collector/src/detect/observation.ts';
import { detectors } from '../../collector/src/detect/registry.ts';
import { openEnrichment } from '../../collector/src/enrich/enrichment.ts';
import { createEncoders, prepareBatch } from '../../collector/src/ingest/prepare.ts';
import { createIds } from '../../collector/src/store/ids.ts';
import { defaultRetention } from '../../collector/src/store/retention.ts';
import { temporaryFolder } from '../harness/foretop.ts';
import type { FleetProfile } from '../simulator/profiles/catalogue.ts';
import { createWorld, stepsPerSecond } from '../simulator/world.ts';

const [hostsText, hoursText, profileText] = process.argv.slice(2);
const hosts = Number(hostsText ?? 200);
const hours = Number(hoursText ?? 24);
const profile = (profileText ?? 'mix') as FleetProfile;
const hourSteps = 3_600 * stepsPerSecond;
const advanceEverySteps = 10 * stepsPerSecond;
/** How long after it was sealed a batch is looked at. */
const wayUs = 500_000;
/** As the live collector: what comes within this time has come in order. */
const settledUs = 10_000_000;

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder('noise'));
const log = pino({ level: 'error' });
const places = { cityFiles: undefined, asnFiles: undefined, listFolder: undefined, reverseDns: 'off' } as const;
const enrichment = stack.use(await openEnrichment({ dataDir: folder.path, ...places, log }));
await enrichment.ready(['192.0.2.1']);

const prevalence = new Prevalence(enrichment);
const found = new Map<string, { detector: string; draft: FindingDraft; hour: number }>();
let failures = 0;
const engine = createEngine({
  detectors,
  settings: new Map(),
  knowledge: {
    place: (address) => enrichment.place(address),
    registrableDomain: (name) => enrichment.registrableDomain(name),
    listed: (what) => enrichment.listed(what),
    prevalence: (kind, value) => prevalence.of(kind, value),
  },
  emit({ id }, draft) {
    const key = [id, draft.host, ...draft.key].join('\0');
    found.set(key, { detector: id, draft, hour: found.get(key)?.hour ?? hour });
  },
  onFailure({ id }, error) {
    failures++;
    console.error(`the detector ${id} failed:`, error);
  },
});

const parts = { facts: new ProcessFacts(), addresses: new AddressTexts(), cpus: () => 4 };
const ids = createIds(randomBytes(16));
const encoders = createEncoders();
let hour = 0;
let observations = 0;
let mappingMs = 0;

const startUs = Math.floor(Date.now() / 1_000) * 1e6 - hours * 3_600e6;
const world = createWorld(
  { seed: 'noise', hosts, profile, startUs },
  {
    ticked: () => undefined,
    sealed(host, batches) {
      for (const { sequence, previousSequence, payload, payloadBytes } of batches) {
        for (const encoder of Object.values(encoders)) encoder.reset();
        const nowUs = world.nowUs() + wayUs;
        const of = { hostId: host.index + 1, epoch: host.epoch, bootId: host.bootId, offsetUs: host.bootUnixUs };
        const batch = { ...of, sequence, previousSequence, payload, payloadBytes, receivedUs: nowUs };
        const prepared = prepareBatch(batch, encoders, { ids, retention: defaultRetention, nowUs });
        const begunMs = performance.now();
        const list: Observation[] = observationsOf(prepared, parts);
        for (const observation of list) prevalence.observe(observation);
        mappingMs += performance.now() - begunMs;
        engine.observe(list);
        observations += list.length;
      }
    },
  },
);

const startedMs = performance.now();
for (let step = 1; step <= hours * hourSteps; step++) {
  world.step();
  if (step % advanceEverySteps === 0) {
    engine.advance(world.nowUs() - settledUs);
    hour = step / hourSteps;
    // Promises of the enrichment get their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (step % hourSteps === 0) report(step / hourSteps);
}
printTable();
process.exitCode = failures === 0 ? 0 : 1;

function report(done: number): void {
  const seconds = (performance.now() - startedMs) / 1_000;
  console.error(
    `${done} of ${hours} h in ${seconds.toFixed(0)} s: ${observations} observations, ${found.size} findings`,
  );
}

function printTable(): void {
  const hostDays = (hosts * hours) / 24;
  const isMeant = ({ detector, draft }: { detector: string; draft: FindingDraft }) =>
    detector === 'port-scan' && world.hosts[Number(draft.host) - 1]?.profile.name === 'noisy';
  const meant = [...found.values()].filter(isMeant).length;
  const list = [...found.values()].filter((one) => !isMeant(one));
  const notable = list.filter(({ draft }) => draft.severity !== 'low').length;
  console.log(`${hosts} hosts (${profile}), ${hours} h, ${observations} observations`);
  console.log(
    `findings a host a day: ${(list.length / hostDays).toFixed(4)}, of medium and above ${(notable / hostDays).toFixed(4)} (target 0.2)`,
  );
  console.log(`scans of hosts that the simulator has scanned, found: ${meant}`);
  console.log('| Detector | low | medium | high | critical | µs an observation |');
  console.log('|---|---|---|---|---|---|');
  for (const { id } of detectors) {
    const own = list.filter(({ detector }) => detector === id);
    const of = (severity: string) => own.filter(({ draft }) => draft.severity === severity).length;
    const { cpuMs, observations: seen } = engine.figures(id);
    const each = seen === 0 ? '-' : ((cpuMs / seen) * 1_000).toFixed(2);
    console.log(`| ${id} | ${of('low')} | ${of('medium')} | ${of('high')} | ${of('critical')} | ${each} |`);
  }
  console.log(`mapping and prevalence: ${((mappingMs / observations) * 1_000).toFixed(2)} µs an observation`);
  for (const { id } of detectors)
    for (const { draft, hour: at } of list.filter(({ detector }) => detector === id).slice(0, 5))
      console.log(`  ${at.toFixed(1)} h ${id} ${draft.severity} host ${draft.host}: ${draft.summary}`);
}
