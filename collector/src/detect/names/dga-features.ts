// What the classifier of generated domain names looks at: spelling, shape and top-level domain of the registered label.
import { emptyShape, measureShape } from './label-shape.ts';
import type { NameLanguage } from './name-language.ts';
import { emptySpelling, meanTripleCost, measureSpelling } from './spelling.ts';
import type { SplitName } from './split.ts';

export interface TopLevel {
  /** How much more generated names use it than others do, in bits. */
  odds: number;
  /** How many people's names use it: bits above one in 16,384, 0 = fewer. */
  share: number;
}
/** By top-level domain; '' = all that are not named. */
export type TopLevels = ReadonlyMap<string, TopLevel>;

export interface DgaKnowledge {
  language: NameLanguage;
  topLevels: TopLevels;
  /** How generated names are spelt: the cost of a letter after two others, as in NameLanguage. */
  noise: Uint8Array;
}

export const dgaFeatureCount = 45;
/** The odds of a top-level domain count within these, in bits. */
const [mostAcquitted, mostSuspected] = [-2, 3];
const spelling = emptySpelling();
const shape = emptyShape();

/** Into `row`: dgaFeatureCount finite numbers. */
export function dgaFeatures(known: DgaKnowledge, name: SplitName, row: Float32Array): Float32Array {
  const { label, suffix } = name;
  const s = measureSpelling(known.language, label, spelling);
  const f = measureShape(label, shape);
  const topLevel = suffix.slice(suffix.lastIndexOf('.') + 1);
  const length = Math.max(1, f.length);
  row[0] = f.length;
  row[1] = f.digits;
  row[2] = f.digits / length;
  row[3] = f.hyphens;
  row[4] = f.vowelShare;
  row[5] = f.longestConsonants;
  row[6] = f.longestVowels;
  row[7] = f.longestDigits;
  row[8] = f.mixing;
  row[9] = f.distinct;
  row[10] = f.distinct / length;
  row[11] = f.entropy;
  row[12] = f.rareShare;
  row[13] = f.doubled / length;
  row[14] = f.alternation;
  row[15] = f.hexadecimal ? 1 : 0;
  row[16] = f.distinctPairs;
  row[17] = f.endingDigits;
  row[18] = s.meanTriple;
  row[19] = s.meanQuad;
  row[20] = s.worstHalf;
  row[21] = s.worstFive;
  row[22] = s.worst;
  row[23] = s.dearShare;
  row[24] = s.dearRun;
  row[25] = s.knownQuads;
  row[26] = s.wordBits;
  row[27] = s.covered;
  row[28] = s.words;
  row[29] = s.longestWord;
  row[30] = s.coveredByLong;
  row[31] = s.longestGap;
  row[33] = name.dynamic ? 1 : 0;
  row[34] = s.meanQuad * length;
  row[35] = s.wordBits * length;
  row[36] = f.mixing / length;
  row[37] = length - s.longestGap;
  row[41] = s.wordCost;
  row[42] = s.dearestWord;
  row[43] = s.cheapestWord;
  row[44] = s.shortestWord;
  learntFeatures(known, label, topLevel, row);
  return row;
}

/** Those that depend on which generated names were learnt from: they alone change where families are left out. */
export function learntFeatures(
  { topLevels, noise }: Omit<DgaKnowledge, 'language'>,
  label: string,
  topLevel: string,
  row: Float32Array,
): void {
  const generated = meanTripleCost(noise, label);
  const known = topLevels.get(topLevel) ?? topLevels.get('');
  row[32] = Math.max(mostAcquitted, Math.min(mostSuspected, known?.odds ?? 0));
  row[38] = generated;
  row[39] = (row[18] as number) - generated;
  row[40] = known?.share ?? 0;
}
