// Learns the weights of letters in a row by logistic regression (AdaGrad), cut to whole steps.
import { gramPlaces, gramsOf, type NameGrams } from '../../collector/src/detect/names/name-grams.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { Random } from './random.ts';
import { shuffled } from './training-data.ts';

export interface GramExample {
  label: string;
  generated: boolean;
  weight: number;
}

const [rounds, rate, biasRate] = [3, 0.05, 0.01];
/** How much the letters say beside the trees: chosen over generators left out, not over lists of names. */
const share = 0.65;
/** Either side of 0: more say no more, and fewer pack better. */
const steps = 31;

export function trainGrams(examples: readonly GramExample[], random: Random): NameGrams {
  const weights = new Float64Array(gramPlaces);
  const squares = new Float64Array(gramPlaces).fill(1e-3);
  let base = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const { label, generated, weight } of shuffled(examples, random)) {
      const grams = gramsOf(label);
      let sum = base;
      for (const place of grams) sum += weights[place]!;
      const gradient = (1 / (1 + Math.exp(-sum)) - (generated ? 1 : 0)) * weight;
      base -= biasRate * gradient;
      for (const place of grams) {
        squares[place] = squares[place]! + gradient * gradient;
        weights[place] = weights[place]! - (rate * gradient) / Math.sqrt(squares[place]!);
      }
    }
  }
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const step = largest / steps;
  return {
    weights: Int8Array.from(weights, (weight) => Math.round(weight / step)),
    scale: step * share,
    base: base * share,
  };
}

export function writeGrams(writer: ByteWriter, { weights, scale, base }: NameGrams): void {
  writer.float(scale);
  writer.float(base);
  writer.bytes(new Uint8Array(weights.buffer));
}
