// Random numbers of one simulated host: the same seed gives the same numbers on every machine.
import { createHash } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 1), with 32 bits. */
  unit(): number;
  /** A whole number in [0, limit). */
  below(limit: number): number;
  chance(probability: number): boolean;
  exponential(mean: number): number;
  /** Log-normal with median 1: many small ones, a few large ones. */
  heavy(sigma: number): number;
  /** `mean` rounded up or down so that the mean stays: 2.3 is 2 or, three times out of ten, 3. */
  round(mean: number): number;
  bytes(length: number): Uint8Array;
  pick<Item>(items: readonly Item[]): Item;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded through SHA-256 so that neighbouring seeds have nothing in common. */
export function createRandom(seed: string): Random {
  const state = new Uint32Array(new Uint8Array(createHash('sha256').update(seed).digest()).buffer, 0, 4);
  let [a, b, c, counter] = [state[0]! | 0, state[1]! | 0, state[2]! | 0, state[3]! | 0];

  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  const unit = () => word() / 2 ** 32;
  const below = (limit: number) => Math.floor(unit() * limit);
  const normal = () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()); // Box-Muller

  return {
    unit,
    below,
    chance: (probability) => unit() < probability,
    exponential: (mean) => -mean * Math.log(1 - unit()),
    heavy: (sigma) => Math.exp(sigma * normal()),
    round: (mean) => Math.floor(mean) + (unit() < mean % 1 ? 1 : 0),
    bytes: (length) => Uint8Array.from({ length }, () => word() & 255),
    pick: (items) => items[below(items.length)]!,
  };
}
