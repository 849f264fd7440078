// Floods: SYNs that nobody comes back for, datagrams that nobody answers, pings without pause, far above what is normal there.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { ConnectionObservation, HostKey, Observation, ScanObservation } from '../observation.ts';
import { thresholds } from './flood-thresholds.ts';
import { isToMany } from './lib/address-kind.ts';
import { RateWindow } from './lib/rate-window.ts';
import { OfHosts } from './lib/of-hosts.ts';
import { countText, secondsText } from './lib/words.ts';

type Names = keyof typeof thresholds;

/** 'half-open': SYNs, too, counted by the host's kernel rather than seen as connections. */
type Kind = 'SYN' | 'half-open' | 'UDP' | 'ICMP' | 'closed';

interface Target {
  host: HostKey;
  address: string;
  isInbound: boolean;
  kind: Kind;
  port: number;
  window: RateWindow;
  flood: Flood | undefined;
}

interface Flood {
  startUs: number;
  endUs: number;
  packets: number;
  peak: number;
  normal: number;
  /** At most `mostSources`. */
  sources: Set<string>;
  /** The agent could not tell all of them apart. */
  hasMore: boolean;
  isTold: boolean;
  /** `packets` when it was told for what they were last. */
  toldPackets: number;
}

const mostTargets = 16_384;
const mostSources = 1_000;
const mostLinks = 20;
/** A flood is over when nothing came for so long. */
const quietUs = 60_000_000;
/** What was is made normal so often: each time all are walked. */
const settleUs = 30_000_000;
const mostSaved = 100;
/** Normal rates below this share of the limit decide nothing. */
const leastNormal = 0.01;

export const flood: Detector<Names> = {
  id: 'flood',
  title: 'Flood',
  technique: { id: 'T1498', name: 'Network Denial of Service' },
  severity: 'high',
  consumes: ['connection', 'scan'],
  thresholds,
  description:
    'A host gets far more than usual of what leads to nothing: SYNs to one port whose sender never comes back, packets to a port where nothing listens, UDP without an answer, or echo requests, each by the hundred a second. Who sends them does not matter, since the addresses are most often forged.',
  falsePositives:
    'Clients of a server that is down try again after seconds, each once: that stays below. Streams and logs by UDP without an answer become the normal rate of their receiver, which a flood has to exceed eight times. Scans go to many ports and do not add up on one.',
  advice: [
    'Is the service still reachable? Look at its connections and at the CPU of the host.',
    'Switch SYN cookies on (net.ipv4.tcp_syncookies), and let whoever is upstream filter.',
    'Addresses of the senders are no proof: SYNs and datagrams are easily forged.',
    'When this host is the sender: look at the process, and take the host off the network.',
  ],
  onByDefault: true,
  start: (context) => new FloodRun(context),
};

class FloodRun implements DetectorRun {
  readonly #context: DetectorContext<Names>;
  readonly #targets = new OfHosts<Target>(mostTargets, (target) => this.#active.delete(target));
  readonly #active = new Set<Target>();
  /** Forged at both ends: nobody gets two of them. */
  readonly #scattered: Target = newTarget('', '', true, 'SYN', 0);
  readonly #ends = new OnceASecond();
  #settledUs = -Infinity;

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (isOrdinary(observation) && !this.#targets.hasAny(observation.host)) return;
    const arrived =
      observation.kind === 'connection'
        ? arrivalOf(observation)
        : observation.kind === 'scan'
          ? arrivalOfScan(observation)
          : undefined;
    if (arrived === undefined) return;
    const { kind, isBad, isInbound } = arrived;
    const { host } = observation;
    if (isBad || isInbound || this.#targets.hasAny(host)) this.#count(host, arrived);
    if (kind === 'SYN' && isInbound) this.#scatter(host, arrived);
  }

  /** Good ones only stand against bad ones: to far ends that had none they are not counted, for most are such. */
  #count(host: HostKey, arrived: Arrival): void {
    const { kind, packets, isBad, isInbound, address, source, port } = arrived;
    const key = keyOf({ host, address, isInbound, kind, port });
    const make = () => newTarget(host, address, isInbound, kind, port);
    const target = isBad || isInbound ? this.#targets.getOrMake(key, make) : this.#targets.get(key);
    if (target === undefined) return;
    const rate = target.window.add(arrived.startUs, arrived.endUs, packets, isBad);
    if (isBad && rate > this.#made(target, arrived)) this.#weigh(target, rate, source, arrived);
  }

  /** Connections a second to the port of half-open ones that went on: of many clients some always leave. */
  #made({ host, address, kind, port }: Target, { startUs, endUs }: Arrival): number {
    if (kind !== 'half-open') return 0;
    const made = this.#targets.get(keyOf({ host, address, isInbound: true, kind: 'SYN', port }));
    return made?.window.good(startUs, endUs) ?? 0;
  }

  advance(nowUs: number): void {
    if (nowUs - this.#settledUs >= settleUs) {
      this.#settledUs = nowUs;
      this.#scattered.window.settle(nowUs);
      for (const target of this.#targets.values())
        if (!target.window.settle(nowUs) && !target.flood && !this.#isNotable(target))
          this.#targets.delete(keyOf(target), target);
    }
    for (const target of this.#active) {
      const { flood: current } = target;
      if (current && !current.isTold) {
        current.isTold = true;
        this.#tell(target, current);
      }
      if (current && nowUs - current.endUs <= quietUs) continue;
      target.flood = undefined;
      this.#active.delete(target);
    }
  }

  /** What is normal: without it the streams of every day would be floods after a restart. */
  save(host: HostKey): unknown {
    const notable = this.#targets.of(host).filter((target) => this.#isNotable(target));
    if (notable.length === 0) return undefined;
    return notable
      .slice(-mostSaved)
      .map(({ kind, port, isInbound, address, window }) => [kind, port, isInbound, address, window.normal]);
  }

  restore(host: HostKey, state: unknown): void {
    for (const row of Array.isArray(state) ? state.slice(0, mostSaved) : []) {
      if (!isSaved(row)) continue;
      const [kind, port, isInbound, address, normal] = row;
      const target = newTarget(host, address, isInbound, kind, port);
      target.window.normal = normal;
      this.#targets.set(keyOf(target), target);
    }
  }

  forget(host: HostKey): void {
    for (const target of this.#targets.forget(host)) this.#active.delete(target);
  }

  #isNotable({ kind, window }: Target): boolean {
    return window.normal >= leastNormal * this.#limit(kind);
  }

  #scatter(host: HostKey, arrived: Arrival): void {
    const target = this.#scattered;
    const { source, address, startUs, endUs, isBad } = arrived;
    if (isBad && !this.#ends.isFirst(startUs, source, address)) return;
    const rate = target.window.add(startUs, endUs, 1, isBad);
    if (!isBad) return;
    if (target.flood === undefined) {
      target.host = host;
      target.address = address;
    }
    this.#weigh(target, rate, source, { ...arrived, packets: 1 });
  }

  #limit(kind: Kind): number {
    const { synPerSecond, datagramsPerSecond, pingsPerSecond, closedPerSecond } = this.#context.thresholds;
    return {
      SYN: synPerSecond,
      'half-open': synPerSecond,
      UDP: datagramsPerSecond,
      ICMP: pingsPerSecond,
      closed: closedPerSecond,
    }[kind];
  }

  #weigh(target: Target, rate: number, source: string, { startUs, endUs, packets }: Arrival): void {
    const limit = this.#limit(target.kind);
    const { normal } = target.window;
    const isFlood = rate >= limit && rate >= this.#context.thresholds.aboveNormal * normal;
    if (target.flood === undefined && !isFlood) return;
    const current = (target.flood ??= {
      startUs: startUs,
      endUs,
      packets: Math.max(0, Math.round(rate) - packets),
      peak: 0,
      normal,
      sources: new Set(),
      hasMore: false,
      isTold: false,
      toldPackets: 0,
    });
    current.endUs = Math.max(current.endUs, endUs);
    current.packets += packets;
    current.peak = Math.max(current.peak, rate);
    if (isUnspecified(source)) current.hasMore = true;
    else if (current.sources.size < mostSources) current.sources.add(source);
    current.isTold = false;
    this.#active.add(target);
    // What comes with the first of it is told with it; what comes later, when time goes on.
    if (current.packets < 2 * current.toldPackets) return;
    current.toldPackets = current.packets;
    this.#tell(target, current);
  }

  /** What the kernel counted is all of a flood; connections that were seen of the same one are a part of it. */
  #tell(target: Target, current: Flood): void {
    const isPart =
      target.kind === 'SYN' && this.#targets.get(keyOf({ ...target, kind: 'half-open' }))?.flood !== undefined;
    if (!isPart) this.#context.emit(draftOf(target, current, this.#limit(target.kind)));
  }
}

const keyOf = ({
  host,
  address,
  isInbound,
  kind,
  port,
}: Pick<Target, 'host' | 'address' | 'isInbound' | 'kind' | 'port'>) =>
  `${host} ${isInbound ? '' : address} ${kind} ${port}`;

const isKind = (kind: unknown): kind is Kind => typeof kind === 'string' && Object.hasOwn(words, kind);
const isSaved = (row: unknown): row is [Kind, number, boolean, string, number] =>
  Array.isArray(row) &&
  isKind(row[0]) &&
  Number.isInteger(row[1]) &&
  typeof row[2] === 'boolean' &&
  typeof row[3] === 'string' &&
  Number.isFinite(row[4]);

/** Most of all: a connection of this host's that was made. */
const isOrdinary = (observation: Observation): boolean =>
  observation.kind === 'connection' &&
  observation.direction === 'outbound' &&
  observation.protocol === 6 &&
  observation.outcome === 'established';

/** Agents put senders beyond those that they tell apart under it. */
const isUnspecified = (address: string) => address === '0.0.0.0' || address === '::';

const newTarget = (host: HostKey, address: string, isInbound: boolean, kind: Kind, port: number): Target => ({
  host,
  address,
  isInbound,
  kind,
  port,
  window: new RateWindow(),
  flood: undefined,
});

/** Which senders and targets one second has not had yet. */
class OnceASecond {
  #second = 0;
  #sources = new Set<string>();
  #targets = new Set<string>();

  isFirst(atUs: number, source: string, target: string): boolean {
    const second = Math.floor(atUs / 1e6);
    if (second !== this.#second || this.#sources.size > mostTargets) {
      this.#second = second;
      this.#sources = new Set();
      this.#targets = new Set();
    }
    const isFirst = !this.#sources.has(source) && !this.#targets.has(target);
    this.#sources.add(source);
    this.#targets.add(target);
    return isFirst;
  }
}

interface Arrival {
  kind: Kind;
  packets: number;
  isBad: boolean;
  isInbound: boolean;
  address: string;
  source: string;
  port: number;
  startUs: number;
  endUs: number;
}

function arrivalOf(observation: ConnectionObservation): Arrival | undefined {
  const { direction, local, remote, protocol, outcome, startUs, atUs, first, openedBefore, count } = observation;
  if (remote === undefined || (direction !== 'inbound' && direction !== 'outbound')) return undefined;
  const isInbound = direction === 'inbound';
  const [sender, target] = isInbound ? [remote, local] : [local, remote];
  const [came, went] = isInbound
    ? [observation.receivedPackets, observation.sentPackets]
    : [observation.sentPackets, observation.receivedPackets];
  if (isToMany(target.address)) return undefined;
  const common = { isInbound, address: target.address, source: sender.address, startUs, endUs: atUs };
  if (protocol === 6) {
    if (!first || openedBefore || outcome === 'unknown') return undefined;
    const isBad = outcome === 'attempted' || outcome === 'rejected';
    // Once, when it was begun: what is sent again is not more.
    return { ...common, kind: 'SYN', packets: count, isBad, port: target.port, endUs: startUs };
  }
  if (came === undefined || came === 0) return undefined;
  if (protocol === 17) {
    const isBad = outcome !== 'unknown' && (went ?? 0) * 20 < came;
    return { ...common, kind: 'UDP', packets: came, isBad, port: 0 };
  }
  return protocol === 1 || protocol === 58
    ? { ...common, kind: 'ICMP', packets: came, isBad: true, port: 0 }
    : undefined;
}

/** What the kernel refused or left waiting. A row that folds many ports is a scan's, which does not add up on one. */
function arrivalOfScan({
  host,
  scan,
  source,
  localAddress,
  localPort,
  ports,
  packets,
  startUs,
  atUs,
}: ScanObservation): Arrival | undefined {
  if (ports > 1 || source === host || isToMany(localAddress)) return undefined;
  const common = { isBad: true, isInbound: true, address: localAddress, source, startUs, endUs: atUs };
  if (scan !== 'half-open') return { ...common, kind: 'closed', packets, port: localPort };
  // From one reading to the next: the second of the one before is not counted twice.
  return { ...common, kind: scan, packets, port: localPort, startUs: Math.min(atUs, startUs + 1_000_000) };
}

const ofSyns = (kind: Kind) => kind === 'SYN' || kind === 'half-open';

const words: Record<Kind, readonly [string, string]> = {
  SYN: ['connection begun and left', 'connections begun and left'],
  'half-open': ['connection begun and left', 'connections begun and left'],
  UDP: ['UDP packet without an answer', 'UDP packets without answers'],
  ICMP: ['echo request', 'echo requests'],
  closed: ['packet without a listener', 'packets without a listener'],
};

function draftOf({ host, address, isInbound, kind, port }: Target, current: Flood, limit: number): FindingDraft {
  const { startUs, endUs, packets, peak, normal, sources, hasMore } = current;
  const seconds = (endUs - startUs) / 1e6;
  const count = Math.max(Math.round(packets), Math.round(peak));
  const [source = ''] = sources;
  const from =
    sources.size === 1 && !hasMore
      ? source
      : sources.size === 0
        ? 'addresses that were not told apart'
        : `${hasMore || sources.size >= mostSources ? 'more than ' : ''}${countText(sources.size, 'address', 'addresses')}`;
  const to =
    kind === 'SYN' && port === 0
      ? `as many hosts, ${address} among them`
      : port === 0
        ? kind === 'half-open'
          ? 'a port that the kernel does not tell'
          : address
        : `port ${port} of ${address}`;
  return {
    host,
    key: isInbound
      ? [ofSyns(kind) ? 'SYN' : kind, port === 0 && kind === 'half-open' ? '?' : String(port)]
      : [kind, String(port), address],
    severity: peak >= 10 * limit || seconds >= 10 ? 'high' : 'medium',
    score: peak / (peak + limit),
    summary: `${countText(count, ...words[kind])} in ${secondsText(seconds)} to ${to}, from ${from}`,
    peer: isInbound ? (sources.size === 1 && !hasMore ? source : '') : address,
    process: '',
    startUs,
    endUs,
    count,
    evidence: [
      { label: 'Most in a second', value: Math.round(peak), unit: 'per-second', against: limit },
      { label: 'Normal', value: Math.round(normal * 100) / 100, unit: 'per-second' },
      { label: 'In all', value: count, unit: 'count' },
      { label: 'Senders', value: sources.size, unit: 'count' },
      { label: 'Lasted', value: Math.round(seconds * 10) / 10, unit: 'seconds' },
    ],
    links: { addresses: [...sources].slice(0, mostLinks) },
  };
}
