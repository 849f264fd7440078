// Looks for payment card numbers in the clear text of TCP streams, both ways. What it keeps of a text is the last few hundred
// characters, for as long as the stream goes on; what it gives out is masked.
import { CardScanner, type CardHit } from '@foretop/proto';
import type { Transport } from '../packet/transport.ts';
import { addressKey } from '../payload.ts';

/** One number on its way from one end to the other, as often as it came by since the last look. */
export interface CardSight {
  source: Uint8Array;
  sourcePort: number;
  destination: Uint8Array;
  destinationPort: number;
  /** First six and last four digits. */
  masked: string;
  issuer: string;
  /** 0.5 … 1 */
  score: number;
  count: number;
  firstUs: number;
  lastUs: number;
}

export interface CardWatchOptions {
  /** What is read in a second; the rest is counted and left. */
  bytesPerSecond: number;
  streams: number;
  /** Different ones between two looks; the rest is counted and left. */
  sights: number;
}

const defaults: CardWatchOptions = { bytesPerSecond: 2 << 20, streams: 512, sights: 256 };
/** Text that ends in a number waits this long for what follows; then the stream is taken to have ended. */
const pauseUs = 1.5e6;
const secondUs = 1e6;
/** Of a payload, what is looked at to tell text from anything else, and how much of it has to be text. */
const lookedAtBytes = 256;
const textShare = 0.9;
/** A text is read in pieces, so that the tail that a stream keeps does not keep all of it. */
const pieceBytes = 4_096;
/** Sequence numbers further back than this are of another connection between the same ports. */
const windowBytes = 1 << 30;

type Ends = Pick<CardSight, 'source' | 'sourcePort' | 'destination' | 'destinationPort'>;

interface Stream extends Ends {
  scanner: CardScanner;
  /** Sequence number that comes next. */
  next: number;
  lastUs: number;
}

export class CardWatch {
  readonly #options: CardWatchOptions;
  /** In the order in which they began: without room the oldest goes. */
  readonly #streams = new Map<string, Stream>();
  #sights = new Map<string, CardSight>();
  #secondUs = 0;
  #bytes = 0;
  /** Bytes and sights beyond the bounds, since the start. */
  leftBytes = 0;
  lost = 0;

  constructor(options: Partial<CardWatchOptions> = {}) {
    this.#options = { ...defaults, ...options };
  }

  /** Never throws on anything that a payload can hold. */
  inspect(segment: Transport): void {
    const { protocol, payload, sequence, timeUs } = segment;
    if (protocol !== 6 || payload.length === 0 || !isText(payload) || !this.#hasRoom(payload.length, timeUs)) return;
    const stream = this.#streamOf(segment);
    const fresh = continued(stream, segment);
    stream.lastUs = timeUs;
    if (fresh.length === 0) return;
    stream.next = (sequence + segment.payloadBytes) >>> 0;
    for (let at = 0; at < fresh.length; at += pieceBytes)
      this.#note(stream, stream.scanner.push(textOf(fresh.subarray(at, at + pieceBytes))), timeUs);
  }

  /** What came since the last time. Streams that pause are taken to have ended. */
  take(nowUs: number): CardSight[] {
    for (const [key, stream] of this.#streams) {
      if (nowUs - stream.lastUs < pauseUs) continue;
      this.#streams.delete(key);
      this.#note(stream, stream.scanner.end(), stream.lastUs);
    }
    const sights = [...this.#sights.values()];
    this.#sights = new Map();
    return sights;
  }

  /** Forgets all text. */
  clear(): void {
    this.#sights = new Map();
    this.#streams.clear();
  }

  #hasRoom(bytes: number, timeUs: number): boolean {
    if (Math.abs(timeUs - this.#secondUs) >= secondUs) {
      this.#secondUs = timeUs;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    if (this.#bytes <= this.#options.bytesPerSecond) return true;
    this.leftBytes += bytes;
    return false;
  }

  #streamOf({ source, sourcePort, destination, destinationPort, sequence, timeUs }: Transport): Stream {
    const key = `${addressKey(source)}/${sourcePort}/${addressKey(destination)}/${destinationPort}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    if (this.#streams.size >= this.#options.streams) this.#streams.delete(this.#streams.keys().next().value!);
    const ends = { source: source.slice(), sourcePort, destination: destination.slice(), destinationPort };
    const stream = { ...ends, scanner: new CardScanner(), next: sequence, lastUs: timeUs };
    this.#streams.set(key, stream);
    return stream;
  }

  #note(stream: Stream, hits: readonly CardHit[], atUs: number): void {
    for (const { masked, brand: issuer, score } of hits) {
      const { source, sourcePort, destination, destinationPort } = stream;
      const key = `${addressKey(source)}/${sourcePort}/${addressKey(destination)}/${destinationPort}/${masked}`;
      const sight = this.#sights.get(key);
      if (sight !== undefined) {
        sight.count++;
        sight.score = Math.max(sight.score, score);
        sight.lastUs = atUs;
      } else if (this.#sights.size >= this.#options.sights) this.lost++;
      else {
        const ends = { source, sourcePort, destination, destinationPort };
        this.#sights.set(key, { ...ends, masked, issuer, score, count: 1, firstUs: atUs, lastUs: atUs });
      }
    }
  }
}

/** The part of a segment that has not come before. After a hole, or from another connection, the text begins anew. */
function continued(stream: Stream, { payload, sequence }: Transport): Uint8Array {
  const ahead = (sequence - stream.next) >>> 0;
  const behind = (stream.next - sequence) >>> 0;
  if (ahead === 0) return payload;
  if (behind < windowBytes) return payload.subarray(Math.min(behind, payload.length));
  stream.scanner = new CardScanner();
  return payload;
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

function isText(payload: Uint8Array): boolean {
  const length = Math.min(payload.length, lookedAtBytes);
  let printable = 0;
  for (let at = 0; at < length; at++) {
    const byte = payload[at]!;
    if ((byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13) printable++;
  }
  return printable >= textShare * length;
}
