// Card numbers in clear text on the wire. Sees text only of hosts whose own file allows it; keeps masked numbers only.
import type { Detector, DetectorContext, DetectorRun } from '../detector.ts';
import type { FindingDraft, Severity } from '../finding.ts';
import type { HostKey, Observation, TextObservation } from '../observation.ts';
import { CardScanner, type CardHit } from '../text/card-scanner.ts';
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
/** Text that ends in a number waits this long for what follows. */
const pauseUs = 10e6;

interface Stream {
  scanner: CardScanner;
  /** What the last piece belonged to, without its text. */
  last: Omit<TextObservation, 'text'>;
}

interface Leak {
  numbers: Set<number>;
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
  consumes: ['text'],
  thresholds,
  description:
    'Payment card numbers in traffic that is not encrypted: a known prefix with its length and a right check digit, in any usual way of writing, also cut in two by packets. Shown with the first six and last four digits; neither the number nor the text around it is kept.',
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
    if (observation.kind !== 'text') return;
    const { text, ...last } = observation;
    const stream = this.#streams.getOrCreate(`${last.host} ${last.connection}`, () => ({
      scanner: new CardScanner(),
      last,
    }));
    stream.last = last;
    this.#found(last, stream.scanner.push(text));
  }

  advance(nowUs: number): void {
    // The first are those that were quiet for longest.
    for (const [key, { scanner, last }] of [...this.#streams.entries()]) {
      if (last.atUs > nowUs - pauseUs) break;
      this.#streams.delete(key);
      this.#found(last, scanner.end());
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

  #found(observation: Omit<TextObservation, 'text'>, hits: readonly CardHit[]): void {
    const { scorePermille, numbers } = this.#context.thresholds;
    const sure = hits.filter(({ score }) => score * 1_000 >= scorePermille);
    if (sure.length === 0) return;
    const { host, peer, process, atUs } = observation;
    const leak = this.#leaks.getOrCreate(`${host} ${peer.address} ${peer.port} ${process?.comm ?? ''}`, () => ({
      numbers: new Set(),
      masked: [],
      brands: new Map(),
      count: 0,
      score: 0,
      startUs: atUs,
      endUs: atUs,
      told: 0,
    }));
    for (const hit of sure) addHit(leak, hit);
    leak.endUs = Math.max(leak.endUs, atUs);
    if (leak.numbers.size < numbers || leak.count < leak.told * 1.5) return;
    leak.told = leak.count;
    this.#context.emit(draftOf(observation, leak, numbers));
  }
}

function addHit(leak: Leak, { masked, brand, score, fingerprint }: CardHit): void {
  leak.count += 1;
  leak.score = Math.max(leak.score, score);
  if (leak.numbers.has(fingerprint) || leak.numbers.size >= mostNumbers) return;
  leak.numbers.add(fingerprint);
  leak.brands.set(brand, (leak.brands.get(brand) ?? 0) + 1);
  if (leak.masked.length < mostMasked) leak.masked.push(masked);
}

function draftOf(observation: Omit<TextObservation, 'text'>, leak: Leak, least: number): FindingDraft {
  const { host, peer, process, connection } = observation;
  const { numbers, masked, brands, count, score, startUs, endUs } = leak;
  const different = numbers.size;
  return {
    host,
    key: [process?.comm ?? '', peer.address, String(peer.port)],
    severity: severityOf(different, score),
    score,
    summary: `${countText(different, 'card number')} in clear text between ${process?.comm || 'a program'} and ${peer.address} port ${peer.port}`,
    peer: peer.address,
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
      connections: [connection],
      addresses: [peer.address],
      ...(process?.id !== undefined && { processes: [process.id] }),
    },
  };
}

/** One number without a word of cards around it may be chance. */
function severityOf(different: number, score: number): Severity {
  return different >= 2 || score >= 0.9 ? 'high' : 'medium';
}
