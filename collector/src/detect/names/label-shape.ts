// Counts in a label that need no language: length, digits, runs, repetition. Shared by the scorers of names.
import { symbolAt } from './name-language.ts';

export interface LabelShape {
  length: number;
  digits: number;
  hyphens: number;
  /** Letters that are a, e, i, o, u or y, as a share of letters. */
  vowelShare: number;
  longestConsonants: number;
  longestVowels: number;
  longestDigits: number;
  /** Changes between letter and digit. */
  mixing: number;
  distinct: number;
  /** Shannon, bits a character. */
  entropy: number;
  /** Letters of j, k, q, v, w, x, z as a share of the length. */
  rareShare: number;
  /** The same character twice in a row. */
  doubled: number;
  /** Changes between vowel and consonant as a share of neighbouring letters. */
  alternation: number;
  /** Only 0–9 and a–f. */
  hexadecimal: boolean;
  /** Distinct pairs of neighbours as a share of pairs. */
  distinctPairs: number;
  /** Characters that no host name has. */
  strange: number;
  /** The last character's place is digit, and how many digits end it. */
  endingDigits: number;
}

const vowels = new Uint8Array(39);
const rare = new Uint8Array(39);
for (const letter of 'aeiouy') vowels[symbolAt(letter, 0)] = 1;
for (const letter of 'jkqvwxz') rare[symbolAt(letter, 0)] = 1;
const counts = new Uint16Array(39);
const pairStamp = new Uint32Array(39 * 39);
let stamp = 0;

export function emptyShape(): LabelShape {
  return {
    length: 0,
    digits: 0,
    hyphens: 0,
    vowelShare: 0,
    longestConsonants: 0,
    longestVowels: 0,
    longestDigits: 0,
    mixing: 0,
    distinct: 0,
    entropy: 0,
    rareShare: 0,
    doubled: 0,
    alternation: 0,
    hexadecimal: true,
    distinctPairs: 0,
    strange: 0,
    endingDigits: 0,
  };
}

type CharacterKind = 'vowel' | 'consonant' | 'digit' | 'other';
const kinds: readonly CharacterKind[] = Array.from({ length: 39 }, (_, symbol) =>
  symbol >= 1 && symbol <= 26
    ? vowels[symbol] === 1
      ? 'vowel'
      : 'consonant'
    : symbol >= 27 && symbol <= 36
      ? 'digit'
      : 'other',
);

/** Into `into`, which is given back. */
export function measureShape(label: string, into: LabelShape): LabelShape {
  Object.assign(into, empty);
  counts.fill(0);
  stamp = (stamp + 1) >>> 0 || 1;
  let letters = 0;
  let rareLetters = 0;
  let vowelCount = 0;
  let pairs = 0;
  let changes = 0;
  let neighbours = 0;
  let run = 0;
  let previous = -1;
  for (let index = 0; index < label.length; index += 1) {
    const symbol = symbolAt(label, index);
    const kind = kinds[symbol] as CharacterKind;
    const before = previous < 0 ? undefined : (kinds[previous] as CharacterKind);
    counts[symbol] = (counts[symbol] as number) + 1;
    run = kind === before ? run + 1 : 1;
    if (kind === 'digit') into.digits += 1;
    else if (symbol === 37) into.hyphens += 1;
    else if (symbol === 38) into.strange += 1;
    else letters += 1;
    if (kind === 'vowel') vowelCount += 1;
    if (rare[symbol] === 1) rareLetters += 1;
    if (!(symbol >= 1 && symbol <= 6) && kind !== 'digit') into.hexadecimal = false;
    if (kind === 'consonant') into.longestConsonants = Math.max(into.longestConsonants, run);
    if (kind === 'vowel') into.longestVowels = Math.max(into.longestVowels, run);
    if (kind === 'digit') into.longestDigits = Math.max(into.longestDigits, run);
    if (before !== undefined) {
      if (symbol === previous) into.doubled += 1;
      if ((kind === 'digit') !== (before === 'digit') && kind !== 'other' && before !== 'other') into.mixing += 1;
      if (kind !== 'digit' && kind !== 'other' && before !== 'digit' && before !== 'other') {
        neighbours += 1;
        if (kind !== before) changes += 1;
      }
      const pair = previous * 39 + symbol;
      if (pairStamp[pair] !== stamp) {
        pairStamp[pair] = stamp;
        pairs += 1;
      }
    }
    previous = symbol;
  }
  into.length = label.length;
  into.endingDigits = previous >= 27 && previous <= 36 ? run : 0;
  into.vowelShare = letters === 0 ? 0 : vowelCount / letters;
  into.rareShare = label.length === 0 ? 0 : rareLetters / label.length;
  into.alternation = neighbours === 0 ? 0 : changes / neighbours;
  into.distinctPairs = label.length < 2 ? 1 : pairs / (label.length - 1);
  for (let symbol = 0; symbol < 39; symbol += 1) {
    const count = counts[symbol] as number;
    if (count === 0) continue;
    into.distinct += 1;
    into.entropy -= (count / label.length) * Math.log2(count / label.length);
  }
  return into;
}

const empty = emptyShape();
