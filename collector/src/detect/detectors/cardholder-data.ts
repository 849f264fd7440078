// Card numbers in clear text on the wire: those that agents tell, already masked, and those in captures. Keeps masked numbers only.
import { CardScanner, type CardHit } from '@foretop/proto';
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft, Severity } from '../finding.ts';
import type { CardObservation, HostKey, Observation, ObservedProcess, TextObservation } from '../observation.ts';
import { LruMap } from './lib/lru-map.ts';
import { countText } from './lib/words.ts';

const thresholds = {
  numbers: {
    default: 1,
    unit: 'count',
    range: [1, 1_000],
    meaning: 'Different card numbers between the same two ends before it is told.',
    source: 'PCI DSS 4.2.1: no primary account number may cross an open network unprotected, so one is too many.',
  },
  scorePermille: {
    default: 500,
    unit: 'permille',
    range: [500, 1_000],
    meaning: 'How sure a number must be: prefix, length, check digit, how it is written, and the words around it.',
    source: "The scanner's own decision; measured in docs/detection.md.",
  },
} as const;
type Names = keyof typeof thresholds;

const mostStreams = 4_096;
const mostFindings = 4_096;
const mostNumbers = 256;
const mostMasked = 10;
const mostAddresses = 20;
/** Text that ends in a number waits this long for what follows. */
const pauseUs = 10e6;

interface Stream {
  scanner: CardScanner;
  /** What the last piece belonged to, without its text. */
  last: Omit<TextObservation, 'text'>;
}

/** Between which ends numbers were seen. */
interface Between {
  host: HostKey;
  process: ObservedProcess | undefined;
  /** Who connected to this host's service, whose port it is; else the service that this host connected to. */
  inbound: boolean;
  address: string;
  port: number;
  connection: string;
  startUs: number;
  endUs: number;
}

interface Seen extends Pick<CardHit, 'masked' | 'brand' | 'score'> {
  /** The same for the same number. */
  identity: number | string;
  count: number;
}

interface Leak {
  numbers: Set<number | string>;
  addresses: Set<string>;
  masked: string[];
  brands: Map<string, number>;
  count: number;
  score: number;
  startUs: number;
  endUs: number;
  told: number;
}

export const cardholderData: Detector<Names> = {
  id: 'cardholder-data',
  title: 'Card numbers in clear text',
  technique: { id: 'T1040', name: 'Network Sniffing' },
  severity: 'high',
  consumes: ['text', 'card'],
  thresholds,
  description:
    'Payment card numbers in traffic that is not encrypted: a known prefix with its length and a right check digit, in any usual way of writing, also cut in two by packets. The agent looks for them where its host allows it, and tells the first six and last four digits; neither the number nor the text around it leaves the host, or is kept.',
  falsePositives:
    'One number in ten has a right check digit by chance, and some of those a known prefix. Parts of longer numbers, UUIDs, hashes, IBANs, article and tracking numbers, times and telephone numbers are told apart by what is around them. Test numbers of payment processors are reported: whether they are innocent depends on where they are.',
  advice: [
    'Find the program that sends it and encrypt the connection (TLS), or replace the number by a token.',
    'If the far end is not yours, treat it as a disclosure: your PCI DSS procedure says whom to tell.',
    'Look for the same number in logs and backups of both ends.',
  ],
  onByDefault: true,
  start: (context) => new CardholderData(context),
};

class CardholderData implements DetectorRun {
  readonly #context: DetectorContext<Names>;
  readonly #streams = new LruMap<string, Stream>(mostStreams);
  readonly #leaks = new LruMap<string, Leak>(mostFindings);

  constructor(context: DetectorContext<Names>) {
    this.#context = context;
  }

  observe(observation: Observation): void {
    if (observation.kind === 'card') return this.#found(betweenOf(observation), [seenBy(observation)]);
    if (observation.kind !== 'text') return;
    const { text, ...last } = observation;
    const stream = this.#streams.getOrCreate(`${last.host} ${last.connection}`, () => ({
      scanner: new CardScanner(),
      last,
    }));
    stream.last = last;
    this.#read(last, stream.scanner.push(text));
  }

  advance(nowUs: number): void {
    // The first are those that were quiet for longest.
    for (const [key, { scanner, last }] of [...this.#streams.entries()]) {
      if (last.atUs > nowUs - pauseUs) break;
      this.#streams.delete(key);
      this.#read(last, scanner.end());
    }
  }

  /** Nothing: not even masked numbers outlive the process here; findings are kept where findings are. */
  save(): unknown {
    return undefined;
  }

  restore(): void {}

  forget(host: HostKey): void {
    for (const map of [this.#streams, this.#leaks]) {
      for (const key of [...map.keys()]) if (key.startsWith(`${host} `)) map.delete(key);
    }
  }

  #read({ host, process, peer, connection, atUs }: Omit<TextObservation, 'text'>, hits: readonly CardHit[]): void {
    const between = { host, process, inbound: false, ...peer, connection, startUs: atUs, endUs: atUs };
    const seen = hits.map(({ fingerprint, ...hit }): Seen => ({ ...hit, identity: fingerprint, count: 1 }));
    this.#found(between, seen);
  }

  #found(between: Between, hits: readonly Seen[]): void {
    const { scorePermille, numbers } = this.#context.thresholds;
    const sure = hits.filter(({ score }) => score * 1_000 >= scorePermille);
    if (sure.length === 0) return;
    const { host, startUs, endUs } = between;
    const leak = this.#leaks.getOrCreate([host, ...keyOf(between)].join(' '), () => ({
      numbers: new Set(),
      addresses: new Set(),
      masked: [],
      brands: new Map(),
      count: 0,
      score: 0,
      startUs,
      endUs,
      told: 0,
    }));
    for (const hit of sure) addHit(leak, hit);
    if (leak.addresses.size < mostAddresses) leak.addresses.add(between.address);
    leak.startUs = Math.min(leak.startUs, startUs);
    leak.endUs = Math.max(leak.endUs, endUs);
    if (leak.numbers.size < numbers || leak.count < leak.told * 1.5) return;
    leak.told = leak.count;
    this.#context.emit(draftOf(between, leak, numbers));
  }
}

/** All clients of a service of this host are one finding. */
function keyOf({ process, inbound, address, port }: Between): string[] {
  return [process?.comm ?? '', inbound ? 'clients' : address, String(port)];
}

function betweenOf({ host, process, inbound, local, peer, connection, startUs, atUs }: CardObservation): Between {
  const port = inbound ? local.port : peer.port;
  return { host, process, inbound, address: peer.address, port, connection, startUs, endUs: atUs };
}

function seenBy({ masked, issuer, score, count }: CardObservation): Seen {
  return { masked, brand: issuer, score, identity: masked, count };
}

function addHit(leak: Leak, { masked, brand, score, identity, count }: Seen): void {
  leak.count += count;
  leak.score = Math.max(leak.score, score);
  if (leak.numbers.has(identity) || leak.numbers.size >= mostNumbers) return;
  leak.numbers.add(identity);
  leak.brands.set(brand, (leak.brands.get(brand) ?? 0) + 1);
  if (leak.masked.length < mostMasked) leak.masked.push(masked);
}

function draftOf(between: Between, leak: Leak, least: number): FindingDraft {
  const { host, inbound, port, process, connection } = between;
  const { numbers, addresses, masked, brands, count, score, startUs, endUs } = leak;
  const different = numbers.size;
  const [address = ''] = addresses;
  const far = addresses.size === 1 ? address : countText(addresses.size, 'address', 'addresses');
  const program = process?.comm || 'a program';
  const where = inbound ? `${far} and ${program} at port ${port}` : `${program} and ${far} port ${port}`;
  return {
    host,
    key: keyOf(between),
    severity: severityOf(different, score),
    score,
    summary: `${countText(different, 'card number')} in clear text between ${where}`,
    peer: addresses.size === 1 ? address : '',
    process: process?.comm ?? '',
    startUs,
    endUs,
    count,
    evidence: [
      { label: 'Different card numbers', value: different, unit: 'count', against: least },
      { label: 'Seen', value: count, unit: 'count' },
      { label: 'Masked', value: masked.join(', ') },
      { label: 'Networks', value: [...brands].map(([brand, count]) => `${brand} ${count}`).join(', ') },
      { label: 'Surest', value: Math.round(score * 1_000), unit: 'permille', against: 500 },
    ],
    links: {
      ...(connection !== '' && { connections: [connection] }),
      addresses: [...addresses],
      ...(process?.id !== undefined && { processes: [process.id] }),
    },
  };
}

/** One number without a word of cards around it may be chance. */
function severityOf(different: number, score: number): Severity {
  return different >= 2 || score >= 0.9 ? 'high' : 'medium';
}
