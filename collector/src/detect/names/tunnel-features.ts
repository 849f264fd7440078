// What the classifier of tunnelled names looks at: the labels below the registered name, where a tunnel writes its bytes.
import { emptyShape, measureShape } from './label-shape.ts';
import type { NameLanguage } from './name-language.ts';
import { emptySpelling, measureSpelling } from './spelling.ts';

export const tunnelFeatureCount = 30;
const spelling = emptySpelling();
const shape = emptyShape();
/** Labels past this are not looked at; 255 bytes have at most 127. */
const mostLabels = 32;

/** Into `row`: tunnelFeatureCount finite numbers. `below` is not empty. */
export function tunnelFeatures(language: NameLanguage, below: string, row: Float32Array): Float32Array {
  const labels = below.split('.', mostLabels);
  row.fill(0);
  const whole = measureShape(below.length > 255 ? below.slice(0, 255) : below, shape);
  row[0] = whole.length;
  row[1] = labels.length;
  row[2] = whole.entropy;
  row[3] = whole.distinct;
  row[4] = whole.digits / whole.length;
  row[5] = whole.mixing;
  row[6] = Math.max(0, whole.strange - (labels.length - 1));
  row[7] = whole.distinctPairs;
  row[8] = below.length / labels.length;
  let dearest = -1;
  let letters = 0;
  for (const label of labels) {
    letters += label.length;
    measureSpelling(language, label, spelling);
    measureShape(label, shape);
    const noise = spelling.meanQuad * label.length;
    row[9]! += Math.max(0, spelling.wordBits - 3) * label.length;
    row[10] = Math.max(row[10]!, label.length);
    if (/^\d+$/.test(label)) row[11]! += 1;
    if (label.startsWith('_')) row[12]! += 1;
    if (shape.hexadecimal && label.length >= 8 && shape.digits > 0) row[13]! += label.length;
    if (label.length >= 30) row[14]! += 1;
    row[15] = Math.max(row[15]!, shape.hyphens);
    row[16] = Math.max(row[16]!, longestUnbroken(label));
    row[17]! += spelling.covered * label.length;
    if (noise <= dearest) continue;
    dearest = noise;
    row[18] = label.length;
    row[19] = spelling.meanQuad;
    row[20] = spelling.wordBits;
    row[21] = spelling.worstFive;
    row[22] = spelling.knownQuads;
    row[23] = shape.digits / Math.max(1, label.length);
    row[24] = shape.distinct;
    row[25] = shape.entropy;
    row[26] = shape.vowelShare;
    row[27] = shape.hexadecimal ? 1 : 0;
    row[28] = shape.longestDigits;
  }
  row[17] = row[17]! / Math.max(1, letters);
  row[29] = identifierLength(below);
  return row;
}

/** The longest run of letters and digits that has both. */
function longestUnbroken(label: string): number {
  let longest = 0;
  for (const part of label.split(/[^a-z0-9]+/))
    if (/\d/.test(part) && /[a-z]/.test(part)) longest = Math.max(longest, part.length);
  return longest;
}

const identifier = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

/** Letters of a UUID: innocent services number their devices so. */
function identifierLength(below: string): number {
  return identifier.test(below) ? 36 : 0;
}
