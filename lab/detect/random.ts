// Seeded randomness: the same training data at every run.
export interface Random {
  /** 0 ≤ x < 1 */
  next(): number;
  /** from ≤ x ≤ to */
  whole(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
  letter(alphabet: string): string;
}

/** mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    whole,
    pick: <T>(items: readonly T[]) => items[whole(0, items.length - 1)] as T,
    letter: (alphabet) => alphabet.charAt(whole(0, alphabet.length - 1)),
  };
}

export function repeated(count: number, make: () => string): string {
  let text = '';
  for (let index = 0; index < count; index += 1) text += make();
  return text;
}
