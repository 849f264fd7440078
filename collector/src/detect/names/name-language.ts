// How names that people make are spelt: probabilities of three and four letters in a row, and the words they are made of.
import type { ByteReader } from './byte-reader.ts';

/** Symbols: 0 = either end of a label, 1–26 letters, 27–36 digits, 37 hyphen, 38 all others. */
export const symbolCount = 39;
export const longestWord = 14;
export const shortestWord = 3;
/** A cost of one byte is in sixteenths of a bit. */
export const costScale = 16;

const symbolOfCode = new Uint8Array(128).fill(38);
for (let code = 0; code < 26; code += 1) symbolOfCode[97 + code] = symbolOfCode[65 + code] = code + 1;
for (let code = 0; code < 10; code += 1) symbolOfCode[48 + code] = 27 + code;
symbolOfCode[45] = 37;

export function symbolAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code < 128 ? (symbolOfCode[code] as number) : 38;
}

/** FNV-1a over symbols, one at a time: the key of a word. Never 0. */
export const wordSeed = 0x811c9dc5;
export function wordStep(hash: number, symbol: number): number {
  return Math.imul(hash ^ symbol, 0x01000193) >>> 0 || 1;
}

export interface NameLanguage {
  /** Cost of c after a and b at [(a·39 + b)·39 + c]. */
  triples: Uint8Array;
  /** Cost of d after a, b and c, 0 = never seen, at [((a·39 + b)·39 + c)·39 + d]. */
  quads: Uint8Array;
  /** Open addressing by wordStep's hash; 0 = free. */
  wordKeys: Uint32Array;
  /** A word's cost in half bits; the same places as wordKeys. */
  wordCosts: Uint8Array;
}

/** Half bits, or -1 where there is no such word. */
export function wordCost(language: NameLanguage, hash: number): number {
  const mask = language.wordKeys.length - 1;
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    const key = language.wordKeys[at] as number;
    if (key === hash) return language.wordCosts[at] as number;
    if (key === 0) return -1;
  }
}

/** Words with costs, in alphabetical order, into the hash table. */
export function wordTable(words: readonly (readonly [string, number])[]): Pick<NameLanguage, 'wordKeys' | 'wordCosts'> {
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, words.length * 2.5)));
  const wordKeys = new Uint32Array(size);
  const wordCosts = new Uint8Array(size);
  for (const [word, cost] of words) {
    let hash = wordSeed;
    for (let index = 0; index < word.length; index += 1) hash = wordStep(hash, symbolAt(word, index));
    let at = hash & (size - 1);
    while (wordKeys[at] !== 0 && wordKeys[at] !== hash) at = (at + 1) & (size - 1);
    wordKeys[at] = hash;
    wordCosts[at] = cost;
  }
  return { wordKeys, wordCosts };
}

/** Format: all triples; quads as gaps and costs; words as shared prefix, rest and cost. */
export function readLanguage(reader: ByteReader): NameLanguage {
  const triples = reader.bytes(symbolCount ** 3).slice();
  const quads = new Uint8Array(symbolCount ** 4);
  const seen = Array.from({ length: reader.varint() }, () => reader.varint());
  let at = -1;
  for (const gap of seen) {
    at += gap;
    quads[at] = reader.byte();
  }
  let word = '';
  const words = Array.from({ length: reader.varint() }, (): [string, number] => {
    word = word.slice(0, reader.byte()) + reader.text();
    return [word, reader.byte()];
  });
  return { triples, quads, ...wordTable(words) };
}
