// Learns how names are spelt: smoothed probabilities of letters after two and three others, and the words that names are made of.
import {
  costScale,
  longestWord,
  shortestWord,
  symbolAt,
  symbolCount,
  wordTable,
  type NameLanguage,
} from '../../collector/src/detect/names/name-language.ts';
import { ByteWriter } from './byte-writer.ts';

export interface WeightedText {
  text: string;
  weight: number;
}

export interface TrainedLanguage {
  language: NameLanguage;
  quadCosts: [number, number][];
  words: [string, number][];
}

const cost = (probability: number) => Math.max(1, Math.min(255, Math.round(-Math.log2(probability) * costScale)));

/** `words` as chooseWords gives them. */
export function trainLanguage(
  labels: readonly WeightedText[],
  words: [string, number][],
  mostQuads: number,
): TrainedLanguage {
  const singles = new Float64Array(symbolCount).fill(1);
  const pairs = new Float64Array(symbolCount ** 2);
  const triples = new Float64Array(symbolCount ** 3);
  const quads = new Float64Array(symbolCount ** 4);
  for (const { text, weight } of labels) {
    let [a, b, c] = [0, 0, 0];
    for (let index = 0; index <= text.length; index += 1) {
      const d = index < text.length ? symbolAt(text, index) : 0;
      singles[d]! += weight;
      pairs[c * symbolCount + d]! += weight;
      triples[(b * symbolCount + c) * symbolCount + d]! += weight;
      quads[((a * symbolCount + b) * symbolCount + c) * symbolCount + d]! += weight;
      [a, b, c] = [b, c, d];
    }
  }
  const ones = smoothed(singles, undefined, 1);
  const twos = smoothed(pairs, ones, 10);
  const threes = smoothed(triples, twos, 8);
  const fours = smoothed(quads, threes, 6);
  const kept = [...quads.keys()]
    .filter((at) => quads[at]! >= 1.5)
    .sort((x, y) => quads[y]! - quads[x]! || x - y)
    .slice(0, mostQuads)
    .sort((x, y) => x - y);
  const quadCosts = kept.map((at): [number, number] => [at, cost(fours[at]!)]);
  const language: NameLanguage = {
    triples: Uint8Array.from(threes, cost),
    quads: new Uint8Array(symbolCount ** 4),
    ...wordTable(words),
  };
  for (const [at, byte] of quadCosts) language.quads[at] = byte;
  return { language, quadCosts, words };
}

/** Costs of a letter after two others alone, in steps of half a bit: it packs well. */
export function trainTriples(labels: Iterable<WeightedText>): Uint8Array {
  const [singles, pairs, triples] = [
    new Float64Array(symbolCount).fill(1e-3),
    new Float64Array(symbolCount ** 2),
    new Float64Array(symbolCount ** 3),
  ];
  for (const { text, weight } of labels) {
    let [b, c] = [0, 0];
    for (let index = 0; index <= text.length; index += 1) {
      const d = index < text.length ? symbolAt(text, index) : 0;
      singles[d]! += weight;
      pairs[c * symbolCount + d]! += weight;
      triples[(b * symbolCount + c) * symbolCount + d]! += weight;
      [b, c] = [c, d];
    }
  }
  const threes = smoothed(triples, smoothed(pairs, smoothed(singles, undefined, 1), 20), 20);
  return Uint8Array.from(threes, (probability) => Math.min(240, Math.round(cost(probability) / 8) * 8));
}

/** Each context's counts, with the shorter context's probabilities as `prior` observations (Witten–Bell in spirit, Dirichlet in form). */
function smoothed(counts: Float64Array, shorter: Float64Array | undefined, prior: number): Float64Array {
  const out = new Float64Array(counts.length);
  for (let context = 0; context < counts.length; context += symbolCount) {
    let sum = 0;
    for (let symbol = 0; symbol < symbolCount; symbol += 1) sum += counts[context + symbol]!;
    for (let symbol = 0; symbol < symbolCount; symbol += 1) {
      const before = shorter ? shorter[(context + symbol) % shorter.length]! : 1 / symbolCount;
      out[context + symbol] = (counts[context + symbol]! + prior * before) / (sum + prior);
    }
  }
  return out;
}

/** The words that names really use, by how often the cheapest reading of the names needs them; twice, as the first reading is crude. */
export function chooseWords(
  labels: readonly WeightedText[],
  words: readonly string[],
  atMost: number,
): [string, number][] {
  const counts = new Map<string, number>();
  for (const word of words) {
    const clean = word.toLowerCase();
    if (/^[a-z]+$/.test(clean) && clean.length >= shortestWord && clean.length <= longestWord) counts.set(clean, 1);
  }
  for (const { text, weight } of labels) {
    for (const part of text.split(/[^a-z]+/)) {
      if (part.length >= 4 && part.length <= longestWord) counts.set(part, (counts.get(part) ?? 0) + weight);
    }
  }
  let chosen = withCosts(counts, 60_000);
  for (const limit of [30_000, atMost]) {
    const costs = new Map(chosen);
    const used = new Map<string, number>();
    for (const { text, weight } of labels) {
      for (const word of cheapest(costs, text)) used.set(word, (used.get(word) ?? 0) + weight);
    }
    chosen = withCosts(used, limit);
  }
  return chosen;
}

function withCosts(counts: ReadonlyMap<string, number>, atMost: number): [string, number][] {
  const top = [...counts].sort((x, y) => y[1] - x[1] || (x[0] < y[0] ? -1 : 1)).slice(0, atMost);
  const sum = top.reduce((total, [, count]) => total + count, 0);
  return top
    .map(([word, count]): [string, number] => [word, Math.min(255, Math.round(-Math.log2(count / sum) * 2))])
    .sort((x, y) => (x[0] < y[0] ? -1 : 1));
}

/** Letters outside of words cost a flat 6.5 bits here: only the choice of words matters. */
function cheapest(costs: ReadonlyMap<string, number>, text: string): string[] {
  const best = [0];
  const words: (string | undefined)[] = [undefined];
  for (let end = 1; end <= text.length; end += 1) {
    best[end] = best[end - 1]! + 6.5;
    for (let start = Math.max(0, end - longestWord); start <= end - shortestWord; start += 1) {
      const word = text.slice(start, end);
      const halfBits = costs.get(word);
      if (halfBits === undefined || best[start]! + halfBits / 2 >= best[end]!) continue;
      best[end] = best[start]! + halfBits / 2;
      words[end] = word;
    }
  }
  const found: string[] = [];
  for (let end = text.length; end > 0; end -= words[end]?.length ?? 1)
    if (words[end] !== undefined) found.push(words[end]!);
  return found;
}

export function packLanguage({ language, quadCosts, words }: TrainedLanguage): string {
  const writer = new ByteWriter();
  writer.bytes(language.triples);
  writer.varint(quadCosts.length);
  let before = -1;
  for (const [at] of quadCosts) {
    writer.varint(at - before);
    before = at;
  }
  for (const [, byte] of quadCosts) writer.byte(byte);
  writer.varint(words.length);
  let last = '';
  for (const [word, byte] of words) {
    let shared = 0;
    while (shared < word.length && word[shared] === last[shared]) shared += 1;
    writer.byte(shared);
    writer.text(word.slice(shared));
    writer.byte(byte);
    last = word;
  }
  return writer.packed();
}
