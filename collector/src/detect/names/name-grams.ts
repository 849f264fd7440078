// A weight for every one to five letters in a row of a label: which stretches generated names have and people's do not.
// Trained by lab/detect/gram-training.ts.
import type { ByteReader } from './byte-reader.ts';

export interface NameGrams {
  /** By hash of the letters: log-odds in steps of `scale`. */
  weights: Int8Array;
  scale: number;
  base: number;
}

export const gramPlaces = 2 ** 17;
const longestGram = 5;
const longestLabel = 60;
const places = new Uint32Array((longestLabel + 2) * longestGram);

/** Where the weights of a label's stretches lie; its ends count as letters. The view is good until the next call. */
export function gramsOf(label: string): Uint32Array {
  const text = `^${label.slice(0, longestLabel)}$`;
  let count = 0;
  for (let start = 0; start < text.length; start += 1) {
    const end = Math.min(text.length, start + longestGram);
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
      // FNV-1a's low bits depend on little: mixed once more before they are cut.
      const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
      places[count] = (mixed ^ (mixed >>> 12)) & (gramPlaces - 1);
      count += 1;
    }
  }
  return places.subarray(0, count);
}

/** Log-odds, to be added to those of the trees. */
export function gramOdds({ weights, scale, base }: NameGrams, label: string): number {
  let sum = 0;
  for (const place of gramsOf(label)) sum += weights[place] as number;
  return base + sum * scale;
}

/** Format: scale, base, weights as bytes. */
export function readGrams(reader: ByteReader): NameGrams {
  const scale = reader.float();
  const base = reader.float();
  return { weights: new Int8Array(reader.bytes(gramPlaces)), scale, base };
}
