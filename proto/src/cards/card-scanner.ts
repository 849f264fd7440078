// Finds payment card numbers in text that comes in pieces. Keeps at most a few hundred characters, and gives out masked numbers only.
import { maskCard } from './card-brands.ts';
import { judgeRun, type DigitGroup } from './card-candidates.ts';
import { plainText } from './plain-text.ts';

export interface CardHit {
  /** Of its first digit, in UTF-16 code units from the start of the stream. */
  offset: number;
  /** First six and last four digits. */
  masked: string;
  brand: string;
  /** 0.5 … 1 */
  score: number;
  /** FNV-1a of the digits with a key of this process: tells the same number again without knowing it. */
  fingerprint: number;
}

/** How much of the past is kept, for the words before a number that comes next. */
const keptContext = 64;
/** Digits and separators that go on past this are no card number. */
const longestRun = 256;
/** What is after a number is looked at as well. */
const lookAhead = 40;
const fingerprintKey = Math.floor(Math.random() * 2 ** 32);
const runs = /\d+(?:(?: - |[ .+_-])\d+)*/g;

export class CardScanner {
  #tail = '';
  /** Where #tail begins in the stream, up to where hits were given, and up to where runs were judged. */
  #tailOffset = 0;
  #doneOffset = 0;
  #judgedOffset = 0;

  /** Hits that are certain by now; a number at the very end waits for what follows. */
  push(piece: string): CardHit[] {
    return this.#scan(this.#tail + piece, false);
  }

  /** The stream has ended here. */
  end(): CardHit[] {
    return this.#scan(this.#tail, true);
  }

  #scan(original: string, ended: boolean): CardHit[] {
    const hits: CardHit[] = [];
    const plain = plainText(original);
    let keepFrom = original.length - keptContext;
    if (plain) {
      const place = (at: number) => plain.places[at] ?? original.length;
      for (const { index, 0: run } of plain.text.matchAll(runs)) {
        const end = index + run.length;
        if (!ended && end + lookAhead > plain.text.length && run.length <= longestRun) {
          keepFrom = Math.min(keepFrom, place(index) - keptContext);
          break;
        }
        if (run.length < 12 || run.length > longestRun * 4) continue;
        // With the words before it cut off it would be judged otherwise.
        if (this.#tailOffset + place(end) <= this.#judgedOffset) continue;
        if (run.length <= longestRun) this.#judgedOffset = this.#tailOffset + place(end);
        for (const found of judgeRun(plain.text, digitGroups(run, index))) {
          const offset = this.#tailOffset + place(found.start);
          if (offset < this.#doneOffset) continue;
          this.#doneOffset = this.#tailOffset + place(found.end);
          const { digits, brand, score } = found;
          hits.push({ offset, masked: maskCard(digits), brand, score, fingerprint: fingerprint(digits) });
        }
      }
    }
    this.#tailOffset += Math.max(0, keepFrom);
    this.#tail = original.slice(Math.max(0, keepFrom));
    return hits;
  }
}

function digitGroups(run: string, start: number): DigitGroup[] {
  return Array.from(run.matchAll(/\d+/g), ({ index, 0: digits }) => ({ digits, start: start + index }));
}

function fingerprint(digits: string): number {
  let hash = fingerprintKey;
  for (let index = 0; index < digits.length; index += 1) hash = Math.imul(hash ^ digits.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
