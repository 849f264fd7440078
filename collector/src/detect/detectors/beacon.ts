// Beacons: a program that calls the same place again and again at a rhythm of its own.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { ConnectionObservation, HostKey, Observation } from '../observation.ts';
import { beaconFinding } from './beacon/beacon-finding.ts';
import { HostBeacons, mostSeries, sizeClass, type Tracked } from './beacon/host-beacons.ts';
import { judge, type Destination } from './beacon/judge.ts';
import { addressKind } from './lib/address-kind.ts';
import { programOf } from './lib/executable.ts';
import { periodicProtocol } from './lib/known-services.ts';
import { LruMap } from './lib/lru-map.ts';

const tcp = 6;
const udp = 17;
const mostHosts = 20_000;
/** Of all hosts; beyond it a host keeps few, and makes room among its own. */
const mostSeriesInAll = 100_000;
const seriesOfAHostWhenFull = 32;
/** Openings older than this at the time they are told are not believed. */
const oldestUs = 14 * 86_400e6;
/** A series is judged anew after so many more starts, as a share of those it had and at most as many; one that beats also after so long. */
const growthBetween = 0.06;
const startsBetween = 100;
/** One with many starts that was looked at without a beat: most never have one, and looking is dear. */
const growthAfterNone = 0.25;
const startsAfterNone = 256;
const manyStarts = 40;
const secondsBetween = 600;
/** A destination this busy without a beat is looked at by the size of what is sent. */
const busyStarts = 200;
const mostIds = 20;
/** A connection that was silent for two of its longest spans is over. */
const forgottenUs = 600e6;

type Name =
  | 'least-beats'
  | 'least-seconds'
  | 'least-significance'
  | 'least-score'
  | 'medium-score'
  | 'high-score'
  | 'medium-seconds'
  | 'high-seconds';

export const beacon: Detector<Name> = {
  id: 'beacon',
  title: 'Beacon',
  technique: { id: 'T1071', name: 'Application Layer Protocol' },
  severity: 'high',
  consumes: ['connection'],
  thresholds: {
    'least-beats': {
      default: 9,
      unit: 'count',
      range: [6, 1000],
      meaning: 'Fewer beats than this are no beacon.',
      source: 'Eight intervals within 5 % of each other are chance once in 10^11; RITA takes four connections',
    },
    'least-seconds': {
      default: 180,
      unit: 'seconds',
      range: [0, 86_400],
      meaning: 'What has not lasted this long is no beacon.',
      source: 'Pages, installers and retries of a request make short bursts; ours',
    },
    'least-significance': {
      default: 8,
      unit: 'score',
      range: [3, 100],
      meaning: 'Chance would do as well less often than once in 10 to the power of this.',
      source: 'Some 10^5 looks at destinations a host and day leave one accident in a thousand days',
    },
    'least-score': {
      default: 0.45,
      unit: 'score',
      range: [0, 1],
      meaning: 'Below this nothing is said.',
      source: 'Measurement in docs/detection.md, Beacons',
    },
    'medium-score': {
      default: 0.6,
      unit: 'score',
      range: [0, 1],
      meaning: 'From this on a beacon that lasted is medium.',
      source: 'Measurement in docs/detection.md, Beacons',
    },
    'high-score': {
      default: 0.75,
      unit: 'score',
      range: [0, 1],
      meaning: 'From this on a beacon to the outside that lasted is high.',
      source: 'Measurement in docs/detection.md, Beacons',
    },
    'medium-seconds': {
      default: 2700,
      unit: 'seconds',
      range: [0, 2_592_000],
      meaning: 'A medium beacon has lasted this long, one to the inside three times as long.',
      source: 'Pages, calls and games beat for the time that somebody uses them; ours: most end within 45 minutes',
    },
    'high-seconds': {
      default: 21_600,
      unit: 'seconds',
      range: [0, 2_592_000],
      meaning: 'A high beacon has lasted this long.',
      source: 'RITA asks six hours of a steady histogram (rita v5, config.go)',
    },
  },
  description:
    'Connections of one program (or, where it is not known, one host) to one destination and port that start at regular times: a fixed period, one with ' +
    'jitter up to half of it, with missing beats, in bursts, or a slow and a fast one together. Scored by how regular the intervals are against chance, ' +
    'how alike the sizes, how steadily hour after hour. A destination that is busy otherwise (a proxy) is also looked at by the size of what is sent, and a connection that stays open by its bursts.',
  falsePositives:
    'Time, name and discovery protocols are periodic by design and not looked at. Updaters, push, telemetry and monitoring are known by name, and anything that many hosts ' +
    'of the fleet call weighs less; so do installed programs, browsers, and destinations inside. What is left are rare services that are polled for a reason: suppress them by program and destination.',
  advice: [
    'Look at the program: where its file lies, who started it, since when, and whether it belongs on this host.',
    'Look at the destination: name, owner, country, and which other hosts talk to it.',
    'If both are known and meant to be, suppress this program with this destination.',
    'If not, keep the evidence (connections, capture if the host allows it), then end the process or cut the host off.',
  ],
  onByDefault: true,
  start: (context) => new BeaconRun(context),
};

class BeaconRun implements DetectorRun {
  readonly #context: DetectorContext<Name>;
  readonly #hosts = new LruMap<HostKey, HostBeacons>(mostHosts);
  #seriesInAll = 0;

  constructor(context: DetectorContext<Name>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind === 'connection') this.#connection(observation);
  }

  advance(): void {
    // A beat is judged when it comes.
  }

  save(host: HostKey): unknown {
    return this.#hosts.peek(host)?.save();
  }

  restore(host: HostKey, state: unknown): void {
    this.forget(host);
    const restored = HostBeacons.restore(state);
    this.#seriesInAll += restored.size;
    this.#keep(host, restored);
  }

  forget(host: HostKey): void {
    this.#seriesInAll -= this.#hosts.peek(host)?.size ?? 0;
    this.#hosts.delete(host);
  }

  #connection(observation: ConnectionObservation): void {
    const { remote, protocol, host } = observation;
    if (remote === undefined || (protocol !== tcp && protocol !== udp) || !isOutbound(observation)) return;
    const kind = addressKind(remote.address);
    if ((kind !== 'external' && kind !== 'private') || periodicProtocol(protocol, remote.port) !== undefined) return;

    let beacons = this.#hosts.get(host);
    if (beacons === undefined) this.#keep(host, (beacons = new HostBeacons()));
    const before = beacons.size;
    if (observation.first && !observation.openedBefore) this.#start(beacons, observation);
    else this.#span(beacons, observation);
    if (beacons.size > before) {
      const limit = this.#seriesInAll > mostSeriesInAll ? seriesOfAHostWhenFull : mostSeries;
      beacons.makeRoom(observation.atUs / 1e6, limit);
    }
    this.#seriesInAll += beacons.size - before;
  }

  #start(beacons: HostBeacons, observation: ConnectionObservation): void {
    const { host, process, protocol, remote, local, outcome, sentBytes, count } = observation;
    const openedUs = Math.min(observation.openedUs, observation.atUs);
    if (observation.atUs - openedUs > oldestUs) return;
    const start = {
      at: openedUs / 1e6,
      bytes: sentBytes === undefined ? undefined : sentBytes / Math.max(1, count),
      failed: outcome === 'attempted' || outcome === 'rejected',
      localPort: count === 1 ? local.port : 0,
      connected: protocol === tcp,
    };
    const destination = destinationOf(observation, false);
    const key = [programOf(process), destination.text, String(remote!.port), String(protocol)];
    const tracked = beacons.track(key, start, () => destination, process);
    if (tracked === undefined) return;
    tracked.process = process;
    if (tracked.destination.address !== destination.address) tracked.destination = destination;
    this.#beat(host, beacons, tracked, start, observation.id);
    if (tracked.sizeClasses === undefined || start.bytes === undefined) return;
    const size = sizeClass(tracked.sizeClasses, Math.round(start.bytes));
    if (size < 0) return;
    this.#beat(host, beacons, beacons.open([...key, `${size} bytes`], destination, process), start, observation.id);
  }

  /** A further span of a connection that stays open: it beats when it sends after a span in which it did not. */
  #span(beacons: HostBeacons, observation: ConnectionObservation): void {
    const { host, process, protocol, remote, sentBytes, startUs } = observation;
    if (sentBytes === undefined) return;
    const destination = destinationOf(observation, true);
    const key = [programOf(process), destination.text, String(remote!.port), String(protocol), 'stream'];
    const tracked = beacons.open(key, destination, process);
    // One connection of them is followed: two that take turns would beat with the spans.
    const followed = tracked.followed;
    if (followed?.id !== observation.id && followed !== undefined && observation.atUs - followed.atUs < forgottenUs)
      return;
    const begins = followed?.id === observation.id && followed.idle && sentBytes > 0;
    tracked.followed = { id: observation.id, atUs: observation.atUs, idle: sentBytes === 0 };
    if (!begins) return;
    this.#beat(
      host,
      beacons,
      tracked,
      { at: startUs / 1e6, bytes: sentBytes, failed: false, localPort: 0, connected: false },
      observation.id,
    );
  }

  #beat(
    host: HostKey,
    beacons: HostBeacons,
    tracked: Tracked,
    start: Parameters<Tracked['series']['add']>[0],
    id: string,
  ): void {
    const { series } = tracked;
    if (!series.add(start)) return;
    if (tracked.ids.at(-1) !== id) addId(tracked.ids, id);
    const { thresholds, knowledge } = this.#context;
    if (series.starts.length < thresholds['least-beats']) return;
    if (series.total < tracked.judgeAt && !(tracked.found && start.at >= tracked.judgeAfter)) return;
    const judgement = judge(series, tracked.destination, tracked.process, knowledge, thresholds, {
      alike: (period) => beacons.alike(tracked, period),
      hasPortMapper: () => beacons.hasPortMapper(tracked),
    });
    const isBarren = judgement === undefined && !tracked.found && series.total >= manyStarts;
    const [growth, most] = isBarren ? [growthAfterNone, startsAfterNone] : [growthBetween, startsBetween];
    tracked.judgeAt = Math.ceil(series.total + Math.min(series.total * growth, most));
    tracked.judgeAfter = start.at + secondsBetween;
    if (judgement !== undefined) {
      tracked.found = true;
      tracked.period = judgement.rhythm.period;
      this.#context.emit(beaconFinding(host, tracked, judgement, thresholds));
    } else if (series.total >= busyStarts && tracked.key.length === 4) tracked.sizeClasses ??= [];
  }

  #keep(host: HostKey, beacons: HostBeacons): void {
    const gone = this.#hosts.set(host, beacons);
    if (gone !== undefined) this.#seriesInAll -= gone[1].size;
  }
}

/** The newest are at the end; now and then the others go. */
function addId(ids: string[], id: string): void {
  if (ids.push(id) >= 4 * mostIds) ids.splice(0, ids.length - mostIds);
}

function destinationOf({ remote, protocol, name, nameSource }: ConnectionObservation, stream: boolean): Destination {
  const { address, port } = remote!;
  const known = name.toLowerCase();
  return {
    text: known === '' ? address : foldName(known),
    address,
    name: known,
    claimed: nameSource === 'sni',
    port,
    protocol,
    stream,
  };
}

function isOutbound({ direction, local, remote }: ConnectionObservation): boolean {
  if (direction === 'unknown') return remote!.port < local.port;
  return direction === 'outbound';
}

/** Names that are made for one call ("a8f3…e1.example.net") or one of many servers ("array503.example.net") as one. */
function foldName(name: string): string {
  if (!mayFold(name)) return name;
  const known = folded.get(name);
  if (known !== undefined) return known;
  if (folded.size >= mostFolded) folded.clear();
  const text = name
    .split('.')
    .map((label) => (label.length > 24 && /\d/.test(label) ? '*' : label.replaceAll(/\d{2,}/g, '*')))
    .join('.');
  folded.set(name, text);
  return text;
}

/** Two digits in a row, or a label of more than 24 characters. */
function mayFold(name: string): boolean {
  let digits = 0;
  let label = 0;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code >= 48 && code <= 57) {
      if (++digits === 2) return true;
    } else digits = 0;
    label = code === 46 ? 0 : label + 1;
    if (label > 24) return true;
  }
  return false;
}

const folded = new Map<string, string>();
const mostFolded = 8_192;
