// Damage to real input: bits, bytes, lengths, cuts, doubled and swapped pieces, from a seed that repeats it.

export type Random = (below: number) => number;

/** Mulberry32: 32 bits of state, the same sequence on every machine. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Values at which lengths and counts go wrong. */
const edges = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 191, 192, 193, 254, 255];
const maxBytes = 65_536;

/** Takes one of the seeds and damages it; sometimes joins two. Writes into a buffer that the next call uses again. */
export class Mutator {
  readonly #seeds: readonly Uint8Array[];
  readonly #random: Random;
  readonly #buffer = new Uint8Array(2 * maxBytes);
  #length = 0;

  constructor(seeds: readonly Uint8Array[], random: Random) {
    this.#seeds = seeds.map((seed) => seed.subarray(0, maxBytes));
    this.#random = random;
  }

  next(): Uint8Array {
    const seed = this.#pick();
    this.#buffer.set(seed);
    this.#length = seed.length;
    for (let changes = this.#random(5); changes >= 0; changes--) this.#change();
    return this.#buffer.subarray(0, this.#length);
  }

  #pick(): Uint8Array {
    return this.#seeds[this.#random(this.#seeds.length)]!;
  }

  #change(): void {
    const random = this.#random;
    const at = random(this.#length + 1);
    switch (random(8)) {
      case 0:
        this.#buffer[at]! ^= 1 << random(8);
        break;
      case 1:
        this.#buffer[at] = random(256);
        break;
      case 2:
        this.#buffer[at] = edges[random(edges.length)]!;
        break;
      case 3: // two bytes as a large or small number
        this.#buffer[at] = random(2) === 0 ? 0 : 255;
        this.#buffer[at + 1] = edges[random(edges.length)]!;
        break;
      case 4:
        this.#length = at;
        break;
      case 5: // a piece is lost
        this.#buffer.copyWithin(at, Math.min(this.#length, at + 1 + random(16)), this.#length);
        this.#length = Math.max(at, this.#length - 1 - random(16));
        break;
      case 6: // a piece comes twice
        this.#repeat(at, 1 + random(64));
        break;
      default:
        this.#join(at);
    }
    this.#length = Math.min(this.#length, maxBytes);
  }

  #repeat(at: number, count: number): void {
    const piece = this.#buffer.slice(at, Math.min(this.#length, at + count));
    this.#buffer.copyWithin(at + piece.length, at, this.#length);
    this.#buffer.set(piece, at);
    this.#length += piece.length;
  }

  #join(at: number): void {
    const other = this.#pick();
    const tail = other.subarray(this.#random(other.length + 1)).subarray(0, maxBytes - at);
    this.#buffer.set(tail, at);
    this.#length = at + tail.length;
  }
}
