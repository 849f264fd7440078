// Floods: SYNs that nobody comes back for, datagrams that nobody answers, pings without pause, far above what is normal there.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { ConnectionObservation, HostKey, Observation } from '../observation.ts';
import { isToMany } from './lib/addresses.ts';
import { RateWindow } from './lib/rate-window.ts';
import { RecentMap } from './lib/recent-map.ts';
import { countText, secondsText } from './lib/words.ts';

const thresholds = {
  synPerSecond: {
    default: 64,
    unit: 'per-second',
    range: [10, 1_000_000],
    meaning: 'Connections to one port in a second that are begun and never finished.',
    source: 'Half of the 128 half-open connections to which Linux reduces its backlog on small machines (tcp(7)).',
  },
  datagramsPerSecond: {
    default: 1_000,
    unit: 'per-second',
    range: [100, 10_000_000],
    meaning: 'UDP packets to one host in a second without answers.',
    source: 'What one-way video of 10 Mbit/s has; chosen, not measured.',
  },
  pingsPerSecond: {
    default: 100,
    unit: 'per-second',
    range: [10, 1_000_000],
    meaning: 'Echo requests to one host in a second.',
    source: 'ping -f sends a hundred a second at least, and only root may (ping(8)).',
  },
  aboveNormal: {
    default: 8,
    unit: 'count',
    range: [2, 1_000],
    meaning: 'How many times the normal rate it has to be.',
    source: 'Chosen: busy hours are two to four times the mean of a day.',
  },
} as const;
type Names = keyof typeof thresholds;

type Kind = 'SYN' | 'UDP' | 'ICMP';

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
  isTold: boolean;
}

const mostTargets = 16_384;
const mostSources = 1_000;
const mostLinks = 20;
/** A flood is over when nothing came for so long. */
const quietUs = 60_000_000;

export const flood: Detector<Names> = {
  id: 'flood',
  title: 'Flood',
  technique: { id: 'T1498', name: 'Network Denial of Service' },
  severity: 'high',
  consumes: ['connection'],
  thresholds,
  description:
    'A host gets far more than usual of what leads to nothing: SYNs to one port whose sender never comes back, UDP without an answer, or echo requests, each by the hundred a second. Who sends them does not matter, since the addresses are most often forged.',
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
  readonly #targets = new RecentMap<Target>(mostTargets);
  readonly #active = new Set<Target>();
  /** Forged at both ends: nobody gets two of them. */
  readonly #scattered: Target = newTarget('', '', true, 'SYN', 0);
  readonly #ends = new OnceASecond();

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'connection' || observation.remote === undefined) return;
    const arrived = arrivalOf(observation);
    if (arrived === undefined) return;
    const { kind, packets, isBad, isInbound, address, source, port } = arrived;
    const key = `${observation.host} ${isInbound ? '' : address} ${kind} ${port}`;
    const target = this.#targets.getOrMake(key, () => newTarget(observation.host, address, isInbound, kind, port));
    const rate = target.window.add(arrived.startUs, arrived.endUs, packets, isBad);
    if (isBad) this.#weigh(target, rate, source, arrived);
    if (kind === 'SYN' && isInbound) this.#scatter(observation.host, arrived);
  }

  advance(nowUs: number): void {
    this.#scattered.window.settle(nowUs);
    for (const [key, target] of [...this.#targets.entries()])
      if (!target.window.settle(nowUs) && !target.flood) this.#targets.delete(key);
    for (const target of this.#active) {
      const { flood: current } = target;
      if (current && !current.isTold) {
        current.isTold = true;
        this.#context.emit(draftOf(target, current, this.#limit(target.kind)));
      }
      if (current && nowUs - current.endUs <= quietUs) continue;
      target.flood = undefined;
      this.#active.delete(target);
    }
  }

  save(): unknown {
    return undefined;
  }

  restore(): void {}

  forget(host: HostKey): void {
    for (const [key, target] of [...this.#targets.entries()]) {
      if (target.host !== host) continue;
      this.#targets.delete(key);
      this.#active.delete(target);
    }
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
    const { synPerSecond, datagramsPerSecond, pingsPerSecond } = this.#context.thresholds;
    return kind === 'SYN' ? synPerSecond : kind === 'UDP' ? datagramsPerSecond : pingsPerSecond;
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
      isTold: false,
    });
    const isFirst = current.peak === 0;
    current.endUs = Math.max(current.endUs, endUs);
    current.packets += packets;
    current.peak = Math.max(current.peak, rate);
    if (current.sources.size < mostSources) current.sources.add(source);
    current.isTold = false;
    this.#active.add(target);
    if (isFirst) this.#context.emit(draftOf(target, current, limit));
  }
}

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
  const { direction, local, remote, protocol, outcome, startUs, atUs, first, count } = observation;
  if (remote === undefined || (direction !== 'inbound' && direction !== 'outbound')) return undefined;
  const isInbound = direction === 'inbound';
  const [sender, target] = isInbound ? [remote, local] : [local, remote];
  const [came, went] = isInbound
    ? [observation.receivedPackets, observation.sentPackets]
    : [observation.sentPackets, observation.receivedPackets];
  if (isToMany(target.address)) return undefined;
  const common = { isInbound, address: target.address, source: sender.address, startUs, endUs: atUs };
  if (protocol === 6) {
    if (!first || outcome === 'unknown') return undefined;
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

const words: Record<Kind, readonly [string, string]> = {
  SYN: ['connection begun and left', 'connections begun and left'],
  UDP: ['UDP packet without an answer', 'UDP packets without answers'],
  ICMP: ['echo request', 'echo requests'],
};

function draftOf({ host, address, isInbound, kind, port }: Target, current: Flood, limit: number): FindingDraft {
  const { startUs, endUs, packets, peak, normal, sources } = current;
  const seconds = (endUs - startUs) / 1e6;
  const count = Math.max(Math.round(packets), Math.round(peak));
  const [source = ''] = sources;
  const from =
    sources.size === 1
      ? source
      : `${sources.size >= mostSources ? 'more than ' : ''}${countText(sources.size, 'address', 'addresses')}`;
  const to =
    kind === 'SYN' && port === 0
      ? `as many hosts, ${address} among them`
      : port === 0
        ? address
        : `port ${port} of ${address}`;
  return {
    host,
    key: isInbound ? [kind, String(port)] : [kind, String(port), address],
    severity: peak >= 10 * limit || seconds >= 10 ? 'high' : 'medium',
    score: peak / (peak + limit),
    summary: `${countText(count, ...words[kind])} in ${secondsText(seconds)} to ${to}, from ${from}`,
    peer: isInbound ? (sources.size === 1 ? source : '') : address,
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
