// Measures how a label is spelt: how likely its letters follow each other, and how much of it is words.
import {
  costScale,
  longestWord,
  shortestWord,
  symbolAt,
  symbolCount,
  wordCost,
  wordSeed,
  wordStep,
  type NameLanguage,
} from './name-language.ts';

export interface Spelling {
  /** Mean cost of a letter after two and after three others, bits. */
  meanTriple: number;
  meanQuad: number;
  /** Of the dearest half of the letters. */
  worstHalf: number;
  /** Of the dearest five letters in a row. */
  worstFive: number;
  /** The dearest letter. */
  worst: number;
  /** Share of letters that cost more than 6 bits (one in 64), and the longest run of such. */
  dearShare: number;
  dearRun: number;
  /** Share of four letters in a row that people's names have. */
  knownQuads: number;
  /** Bits of the cheapest way to write the label as words and single letters, a letter. */
  wordBits: number;
  /** In that way: share of letters in words, words, the longest, letters in words of five and more, longest run outside of words. */
  covered: number;
  words: number;
  longestWord: number;
  coveredByLong: number;
  longestGap: number;
  /** In that way: what its words cost at the mean, the dearest and the cheapest, bits, and the shortest; 0 without words. */
  wordCost: number;
  dearestWord: number;
  cheapestWord: number;
  shortestWord: number;
}

const longestLabel = 96;
const costs = new Float32Array(longestLabel + 1);
const sorted = new Float32Array(longestLabel + 1);
const best = new Float32Array(longestLabel + 1);
const from = new Uint8Array(longestLabel + 1);
const symbols = new Uint8Array(longestLabel + 4);
/** What a letter outside of every word costs beside its own cost, bits: words must earn their place. */
const letterExtra = 2.5;

/** Into `into`, which is given back. Labels past 96 characters are measured by their first 96. */
export function measureSpelling(language: NameLanguage, label: string, into: Spelling): Spelling {
  const length = Math.min(label.length, longestLabel);
  symbols[0] = symbols[1] = symbols[2] = 0;
  for (let index = 0; index < length; index += 1) symbols[index + 3] = symbolAt(label, index);
  symbols[length + 3] = 0;
  measureLetters(language, length, into);
  measureWords(language, length, into);
  return into;
}

/** Mean cost of a letter after two others, bits, by another table of triples. */
export function meanTripleCost(triples: Uint8Array, label: string): number {
  const length = Math.min(label.length, longestLabel);
  let [b, c, sum] = [0, 0, 0];
  for (let index = 0; index <= length; index += 1) {
    const d = index < length ? symbolAt(label, index) : 0;
    sum += triples[(b * symbolCount + c) * symbolCount + d] as number;
    b = c;
    c = d;
  }
  return sum / costScale / (length + 1);
}

function measureLetters({ triples, quads }: NameLanguage, length: number, into: Spelling): void {
  let tripleSum = 0;
  let quadSum = 0;
  let known = 0;
  let dear = 0;
  let run = 0;
  let longestRun = 0;
  const count = length + 1;
  for (let index = 0; index < count; index += 1) {
    const a = symbols[index] as number;
    const b = symbols[index + 1] as number;
    const c = symbols[index + 2] as number;
    const d = symbols[index + 3] as number;
    const triple = triples[(b * symbolCount + c) * symbolCount + d] as number;
    const quad = quads[((a * symbolCount + b) * symbolCount + c) * symbolCount + d] as number;
    const cost = (quad === 0 ? Math.min(255, triple + 24) : quad) / costScale;
    if (quad !== 0) known += 1;
    tripleSum += triple;
    quadSum += cost;
    costs[index] = cost;
    run = cost > 6 ? run + 1 : 0;
    if (run > 0) dear += 1;
    if (run > longestRun) longestRun = run;
  }
  into.meanTriple = tripleSum / costScale / count;
  into.meanQuad = quadSum / count;
  into.knownQuads = known / count;
  into.dearShare = dear / count;
  into.dearRun = longestRun;
  const view = sorted.subarray(0, count);
  view.set(costs.subarray(0, count));
  view.sort();
  const half = count >> 1;
  let dearest = 0;
  for (let index = half; index < count; index += 1) dearest += view[index] as number;
  into.worstHalf = dearest / (count - half);
  into.worst = view[count - 1] as number;
  let window = 0;
  let worst = 0;
  const span = Math.min(5, count);
  for (let index = 0; index < count; index += 1) {
    window += costs[index] as number;
    if (index >= span) window -= costs[index - span] as number;
    if (index >= span - 1 && window > worst) worst = window;
  }
  into.worstFive = worst / span;
}

function measureWords(language: NameLanguage, length: number, into: Spelling): void {
  best.fill(Infinity, 0, length + 1);
  best[0] = 0;
  for (let start = 0; start < length; start += 1) {
    const here = best[start] as number;
    const alone = here + (costs[start] as number) + letterExtra;
    if (alone < (best[start + 1] as number)) {
      best[start + 1] = alone;
      from[start + 1] = 1;
    }
    const last = Math.min(length, start + longestWord);
    let hash = wordSeed;
    for (let end = start + 1; end <= last; end += 1) {
      hash = wordStep(hash, symbols[end + 2] as number);
      if (end - start < shortestWord) continue;
      const cost = wordCost(language, hash);
      if (cost < 0 || here + cost / 2 >= (best[end] as number)) continue;
      best[end] = here + cost / 2;
      from[end] = end - start;
    }
  }
  let covered = 0;
  let byLong = 0;
  let words = 0;
  let longest = 0;
  let gap = 0;
  let longestGap = 0;
  let costSum = 0;
  let dearest = 0;
  let cheapest = Infinity;
  let shortest = Infinity;
  for (let end = length; end > 0;) {
    const step = from[end] as number;
    const bits = (best[end] as number) - (best[end - step] as number);
    end -= step;
    if (step === 1) {
      gap += 1;
      if (gap > longestGap) longestGap = gap;
      continue;
    }
    gap = 0;
    covered += step;
    words += 1;
    costSum += bits;
    if (bits > dearest) dearest = bits;
    if (bits < cheapest) cheapest = bits;
    if (step < shortest) shortest = step;
    if (step > longest) longest = step;
    if (step >= 5) byLong += step;
  }
  const letters = Math.max(1, length);
  into.wordBits = (best[length] as number) / letters;
  into.covered = covered / letters;
  into.coveredByLong = byLong / letters;
  into.words = words;
  into.longestWord = longest;
  into.longestGap = longestGap;
  into.wordCost = words === 0 ? 0 : costSum / words;
  into.dearestWord = dearest;
  into.cheapestWord = words === 0 ? 0 : cheapest;
  into.shortestWord = words === 0 ? 0 : shortest;
}

export function emptySpelling(): Spelling {
  return {
    meanTriple: 0,
    meanQuad: 0,
    worstHalf: 0,
    worstFive: 0,
    worst: 0,
    dearShare: 0,
    dearRun: 0,
    knownQuads: 0,
    wordBits: 0,
    covered: 0,
    words: 0,
    longestWord: 0,
    coveredByLong: 0,
    longestGap: 0,
    wordCost: 0,
    dearestWord: 0,
    cheapestWord: 0,
    shortestWord: 0,
  };
}
