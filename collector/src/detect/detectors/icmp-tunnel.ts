// Data in pings: echoes whose payload changes as no ping's does, and answers unlike their questions.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { HostKey, Observation } from '../observation.ts';
import { RecentMap } from './lib/recent-map.ts';
import { bytesText, countText } from './lib/words.ts';

const thresholds = {
  oddPackets: {
    default: 4,
    unit: 'count',
    range: [1, 10_000],
    meaning: 'Echoes between two hosts that carry what no ping does.',
    source:
      'RFC 792: the data of an echo is sent back as it came, and every ping sends the same pattern again; none should be odd.',
  },
  oddShare: {
    default: 250,
    unit: 'permille',
    range: [10, 1_000],
    meaning: 'How many of all echoes between the two that carry anything are odd.',
    source:
      'Chosen: below it a monitor with a header of its own and lost packets may be. Without payload, tools ask by the hundred whether there is anything to fetch.',
  },
  unlikeSizes: {
    default: 20,
    unit: 'count',
    range: [4, 10_000],
    meaning:
      'Where only sizes are known (logs of flows): echoes of each direction, of which the answers are not as large as the questions.',
    source: 'RFC 792: the answer has the size of its question.',
  },
} as const;
type Names = keyof typeof thresholds;

const mostPairs = 16_384;
/** Mean sizes may differ by so much: some packets are lost, short ones are filled up by the link. */
const sizeSlack = 18;
const sizeShare = 0.1;
const muchBytes = 10_000;

interface Direction {
  packets: number;
  bytes: number;
  odd: number;
  oddBytes: number;
  empty: number;
  largest: number;
}

interface Pair {
  host: HostKey;
  asker: string;
  other: string;
  /** By the address that sends. */
  from: Map<string, Direction>;
  startUs: number;
  endUs: number;
  looked: boolean;
}

export const icmpTunnel: Detector<Names> = {
  id: 'icmp-tunnel',
  title: 'ICMP tunnel',
  technique: { id: 'T1095', name: 'Non-Application Layer Protocol' },
  severity: 'high',
  consumes: ['packets'],
  thresholds,
  description:
    'Two hosts send each other pings that carry data: the payload is neither the pattern of a ping nor the same as before, or an answer is not what was asked. It needs a capture; logs of flows show only sizes.',
  falsePositives:
    'Pings of Linux, BSD, macOS, Windows, routers and monitors repeat a pattern behind a time stamp, whatever their size; tests of the path MTU change the size and not the pattern. A monitor that puts random bytes into each ping looks like a tunnel: suppress it by its address.',
  advice: [
    'Which process sends pings? On Linux look for raw or ping sockets (ss -w).',
    'Let ICMP echoes out only from hosts that monitor.',
    'Take a capture of the two hosts: what is in the payload?',
  ],
  onByDefault: true,
  start: (context) => new IcmpTunnel(context),
};

class IcmpTunnel implements DetectorRun {
  readonly #context: DetectorContext<Names>;
  readonly #pairs = new RecentMap<Pair>(mostPairs);
  readonly #grown = new Set<Pair>();

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'packets' || !observation.protocol.startsWith('icmp')) return;
    const { host, source, destination, packets, bytes, largest, odd, empty = 0, startUs, atUs } = observation;
    const [from, to] = [source.address, destination.address];
    const pair = this.#pairs.getOrMake([from, to].toSorted().join(' '), () => ({
      host,
      asker: from === host || to !== host ? from : to,
      other: from === host || to !== host ? to : from,
      from: new Map(),
      startUs,
      endUs: atUs,
      looked: odd !== undefined,
    }));
    const direction = pair.from.get(from) ?? { packets: 0, bytes: 0, odd: 0, oddBytes: 0, empty: 0, largest: 0 };
    pair.from.set(from, direction);
    direction.packets += packets;
    direction.bytes += bytes;
    direction.odd += odd ?? 0;
    direction.oddBytes += ((odd ?? 0) * bytes) / Math.max(1, packets - empty);
    direction.empty += empty;
    direction.largest = Math.max(direction.largest, largest);
    pair.startUs = Math.min(pair.startUs, startUs);
    pair.endUs = Math.max(pair.endUs, atUs);
    this.#grown.add(pair);
  }

  advance(): void {
    for (const pair of this.#grown) {
      const draft = this.#draft(pair);
      if (draft) this.#context.emit(draft);
    }
    this.#grown.clear();
  }

  save(): unknown {
    return undefined;
  }

  restore(): void {}

  forget(host: HostKey): void {
    for (const [key, pair] of [...this.#pairs.entries()]) if (pair.host === host) this.#pairs.delete(key);
  }

  #draft({ host, asker, other, from, startUs, endUs, looked }: Pair): FindingDraft | undefined {
    const { oddPackets, oddShare, unlikeSizes } = this.#context.thresholds;
    const sides = [...from.values()];
    const packets = total(sides, 'packets');
    const odd = total(sides, 'odd');
    const isOdd = odd >= oddPackets && odd * 1_000 >= oddShare * (packets - total(sides, 'empty'));
    const isUnlike = !looked && areUnlike(sides, unlikeSizes);
    if (!isOdd && !isUnlike) return undefined;
    const bytes = isOdd ? total(sides, 'oddBytes') : total(sides, 'bytes');
    return {
      host,
      key: [asker, other].toSorted(),
      severity: bytes >= muchBytes ? 'high' : 'medium',
      score: isOdd ? odd / (odd + oddPackets) : 0.5,
      summary: `${asker} and ${other} send each other ${bytesText(bytes)} in ${countText(isOdd ? odd : packets, 'ping')}`,
      peer: other,
      process: '',
      startUs,
      endUs,
      count: isOdd ? odd : packets,
      evidence: [
        { label: 'Pings with data', value: odd, unit: 'count', against: oddPackets },
        { label: 'Pings', value: packets, unit: 'count' },
        { label: 'Data', value: Math.round(bytes), unit: 'bytes' },
        { label: 'Largest', value: Math.max(...sides.map(({ largest }) => largest)), unit: 'bytes' },
      ],
      links: { addresses: [asker, other] },
    };
  }
}

const total = (sides: readonly Direction[], what: keyof Direction) => sides.reduce((sum, side) => sum + side[what], 0);

function areUnlike(sides: readonly Direction[], least: number): boolean {
  const [a, b] = sides;
  if (a === undefined || b === undefined || a.packets < least || b.packets < least) return false;
  const [meanA, meanB] = [a.bytes / a.packets, b.bytes / b.packets];
  return Math.abs(meanA - meanB) > Math.max(sizeSlack, sizeShare * Math.max(meanA, meanB));
}
