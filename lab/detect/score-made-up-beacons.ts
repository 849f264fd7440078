// Which made-up beacons are found within a day, by jitter, missing beats and period, and how many days of made-up browsing are flagged:
// node lab/detect/score-made-up-beacons.ts [--days 20]
import { parseArgs } from 'node:util';
import { beacon } from '../../collector/src/detect/detectors/beacon.ts';
import { severities } from '../../collector/src/detect/finding.ts';
import type { ConnectionObservation } from '../../collector/src/detect/observation.ts';
import { aConnection, monday, runDetector, seededRandom } from '../../collector/test/observations.ts';

const { values } = parseArgs({ options: { days: { type: 'string', default: '20' } } });
const days = Number(values.days);
const day = 86_400;

/** Starts of a day, with what is sent varying by a tenth. */
function beats(period: number, jitter: number, missing: number, seed: number): ConnectionObservation[] {
  const random = seededRandom(seed);
  const connections: ConnectionObservation[] = [];
  for (let at = monday + period * random(); at < monday + day; at += period * (1 + jitter * (2 * random() - 1))) {
    if (random() >= missing)
      connections.push(aConnection(at, { process: undefined, sentBytes: Math.floor(400 + 80 * random()) }));
  }
  return connections;
}

/** Pages at log-normal pauses to places of which few are often called, each with up to ten connections. */
function browsing(seed: number): ConnectionObservation[] {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const connections: ConnectionObservation[] = [];
  for (let at = monday; at < monday + day; at += Math.exp(3.5 + 1.5 * normal())) {
    const place = Math.floor(400 * random() ** 3);
    for (let part = 0; part < 1 + 9 * random(); part++) {
      const remote = { address: `198.51.${place >> 8}.${place & 255}`, port: 443 };
      connections.push(
        aConnection(at + 3 * random(), {
          remote,
          process: undefined,
          sentBytes: Math.floor(300 + 9000 * random() ** 3),
        }),
      );
    }
  }
  return connections.toSorted((a, b) => a.atUs - b.atUs);
}

function worst(observations: readonly ConnectionObservation[]): string {
  const { run, told } = runDetector(beacon);
  for (const observation of observations) run.observe(observation);
  return severities.findLast((severity) => told.some((draft) => draft.severity === severity)) ?? 'none';
}

console.log(`of ${days} days each, by what the finding came to\nperiod\tjitter\tmissing\thigh\tmedium\tlow\tnone`);
for (const period of [10, 60, 600, 3600]) {
  for (const jitter of [0, 0.2, 0.5]) {
    for (const missing of [0, 0.3]) {
      const found = Array.from({ length: days }, (_, at) => worst(beats(period, jitter, missing, at + 1)));
      const counts = ['high', 'medium', 'low', 'none'].map(
        (severity) => found.filter((one) => one === severity).length,
      );
      console.log([`${period} s`, `${jitter * 100} %`, `${missing * 100} %`, ...counts].join('\t'));
    }
  }
}
const flagged = Array.from({ length: days }, (_, at) => worst(browsing(at + 1))).filter(
  (severity) => severity !== 'none',
);
console.log(`browsing: ${flagged.length} of ${days} days flagged`);
