// The order of up to some 100,000 rows by number, as a stable radix sort: no comparisons, a few milliseconds.

const digits = [
  [0, 0, 2047],
  [0, 11, 2047],
  [0, 22, 1023],
  [1, 0, 2047],
  [1, 11, 2047],
  [1, 22, 1023],
] as const;

/** Indexes by ascending (or descending) key; NaN, the unknown, last either way; equal keys keep the order of `from`. */
export function radixOrder(keys: Float64Array, descending: boolean, from?: Uint32Array): Uint32Array {
  const words = sortableBits(keys, descending);
  let order: Uint32Array = from ?? indexes(keys.length);
  let next: Uint32Array = new Uint32Array(order.length);
  const counts = new Uint32Array(2048);
  for (const [word, shift, mask] of digits) {
    counts.fill(0);
    for (let i = 0; i < order.length; i++) counts[(words[2 * i + word]! >>> shift) & mask]!++;
    // All rows have the same digit: nothing moves.
    if (order.length === 0 || counts[(words[word]! >>> shift) & mask] === order.length) continue;
    for (let digit = 0, sum = 0; digit <= mask; digit++) {
      const count = counts[digit]!;
      counts[digit] = sum;
      sum += count;
    }
    for (let i = 0; i < order.length; i++) {
      const index = order[i]!;
      next[counts[(words[2 * index + word]! >>> shift) & mask]!++] = index;
    }
    [order, next] = [next, order === from ? new Uint32Array(order.length) : order];
  }
  return order;
}

function indexes(length: number): Uint32Array {
  const all = new Uint32Array(length);
  for (let i = 0; i < length; i++) all[i] = i;
  return all;
}

/** IEEE 754 doubles as low and high words that compare like unsigned integers (negative numbers inverted, the sign of others set). */
function sortableBits(keys: Float64Array, descending: boolean): Uint32Array {
  const copy = new Float64Array(keys.length);
  for (let i = 0; i < keys.length; i++) copy[i] = keys[i]! + 0; // −0 becomes 0
  const words = new Uint32Array(copy.buffer);
  const flip = descending ? 0xffffffff : 0;
  for (let i = 0; i < keys.length; i++) {
    const high = words[2 * i + 1]!;
    if (Number.isNaN(keys[i]!)) words[2 * i] = words[2 * i + 1] = 0xffffffff;
    else if (high & 0x80000000) {
      words[2 * i] = ~words[2 * i]! ^ flip;
      words[2 * i + 1] = ~high ^ flip;
    } else {
      words[2 * i] = words[2 * i]! ^ flip;
      words[2 * i + 1] = high ^ 0x80000000 ^ flip;
    }
  }
  return words;
}
