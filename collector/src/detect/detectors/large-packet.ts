// Packets larger than their protocol has any use for: DNS questions and answers, pings.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { HostKey, Observation } from '../observation.ts';
import { RecentMap } from './lib/recent-map.ts';
import { bytesText, countText } from './lib/words.ts';

const thresholds = {
  dnsQuestionBytes: {
    default: 512,
    unit: 'bytes',
    range: [280, 65_535],
    meaning: 'A DNS question larger than this.',
    source: 'RFC 1035: a name has at most 255 bytes, so a question at most 271, and 512 with every EDNS option in use.',
  },
  dnsAnswerBytes: {
    default: 4_096,
    unit: 'bytes',
    range: [1_232, 65_535],
    meaning: 'A DNS answer by UDP larger than this.',
    source: 'RFC 6891, 6.2.5: 4,096 is the largest that a requestor should offer; today 1,232 is usual.',
  },
  pingBytes: {
    default: 1_472,
    unit: 'bytes',
    range: [64, 65_507],
    meaning: 'An echo whose payload is larger than this.',
    source: 'What fits into one frame of Ethernet: 1,500 less 20 for IPv4 and 8 for ICMP.',
  },
} as const;
type Names = keyof typeof thresholds;

/** RFC 2930: keys and tickets of GSS-API are in the question. */
const keyExchange = 249;
const manyPackets = 20;
const mostSeries = 16_384;

interface Series {
  host: HostKey;
  what: 'DNS question' | 'DNS answer' | 'ping';
  from: string;
  to: string;
  peer: string;
  largest: number;
  count: number;
  startUs: number;
  endUs: number;
  limit: number;
  names: string[];
}

export const largePacket: Detector<Names> = {
  id: 'large-packet',
  title: 'Oversized packet',
  technique: { id: 'T1048.003', name: 'Exfiltration Over Unencrypted Non-C2 Protocol' },
  severity: 'medium',
  consumes: ['dns', 'packets'],
  thresholds,
  description:
    'DNS questions longer than a name can be, DNS answers by UDP longer than anybody asks for, and pings that do not fit into a frame: ways to carry data out, to multiply an attack, or to break what reads them.',
  falsePositives:
    'Tests of the path MTU send some large pings: low, unless there are many. Questions that exchange keys (TKEY) do not count. Zone transfers and signed answers go by TCP, and multicast DNS lists what it knows already: they do not count. TCP segments above the MTU are what network cards join, not what was sent.',
  advice: [
    'Who sent it? A person who tests a path, or a program?',
    'Look at the names of large questions: data in them has no words.',
    'Large answers from a resolver that nobody here asked are a reflected attack; let whoever is upstream filter.',
  ],
  onByDefault: true,
  start: (context) => new LargePacket(context),
};

class LargePacket implements DetectorRun {
  readonly #context: DetectorContext<Names>;
  readonly #series = new RecentMap<Series>(mostSeries);
  readonly #grown = new Set<Series>();

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    const { dnsQuestionBytes, dnsAnswerBytes, pingBytes } = this.#context.thresholds;
    if (observation.kind === 'dns' && observation.service === 'dns') {
      const { queryBytes, answerBytes, peer, transport, name, count, role, host } = observation;
      const [asker, server] = role === 'client' ? [host, peer.address] : [peer.address, host];
      const common = { peer: peer.address, limit: dnsQuestionBytes, names: [name] };
      if (queryBytes > dnsQuestionBytes && observation.type !== keyExchange) {
        this.#add(observation, {
          ...common,
          what: 'DNS question',
          from: asker,
          to: server,
          largest: queryBytes,
          count,
        });
      }
      if (transport === 'udp' && answerBytes > dnsAnswerBytes) {
        const limit = dnsAnswerBytes;
        this.#add(observation, {
          ...common,
          limit,
          what: 'DNS answer',
          from: server,
          to: asker,
          largest: answerBytes,
          count,
        });
      }
    }
    if (observation.kind !== 'packets' || !observation.protocol.startsWith('icmp')) return;
    const { host, source, destination, largest, packets } = observation;
    // An answer is as large as its question.
    if (largest <= pingBytes || (source.address !== host && destination.address === host)) return;
    const [from, to] = [source.address, destination.address];
    this.#add(observation, { what: 'ping', from, to, peer: to, largest, count: packets, limit: pingBytes, names: [] });
  }

  advance(): void {
    for (const series of this.#grown) this.#context.emit(draftOf(series));
    this.#grown.clear();
  }

  save(): unknown {
    return undefined;
  }

  restore(): void {}

  forget(host: HostKey): void {
    for (const [key, series] of [...this.#series.entries()]) if (series.host === host) this.#series.delete(key);
  }

  #add({ host, atUs }: Observation, seen: Omit<Series, 'host' | 'startUs' | 'endUs'>): void {
    const key = `${host} ${seen.what} ${seen.peer}`;
    const known = this.#series.get(key);
    const series = known ?? { ...seen, host, startUs: atUs, endUs: atUs };
    if (known) {
      known.count += seen.count;
      known.largest = Math.max(known.largest, seen.largest);
      known.endUs = Math.max(known.endUs, atUs);
    } else this.#series.set(key, series);
    this.#grown.add(series);
  }
}

function draftOf({ host, what, from, to, peer, largest, count, startUs, endUs, limit, names }: Series): FindingDraft {
  return {
    host,
    key: [what, peer],
    severity: count >= manyPackets ? 'medium' : 'low',
    score: largest / (largest + limit),
    summary: `${from} sent ${to} ${countText(count, what)} of up to ${bytesText(largest)}`,
    peer,
    process: '',
    startUs,
    endUs,
    count,
    evidence: [
      { label: 'Largest', value: largest, unit: 'bytes', against: limit },
      { label: 'How many', value: count, unit: 'count' },
    ],
    links: { addresses: [peer], names: names.filter((name) => name !== '') },
  };
}
