// Where values lie and how far they scatter, learnt one at a time, old ones fading, outliers held back (after Huber 1964).

/** How far from the level, in scatters, a value is taken at its word; what lies beyond counts as if it lay there. */
const reach = 3;
/** So many values are believed before any counts as an outlier. */
const openMinded = 2;

export interface Level {
  /** Values learnt, at most the memory. */
  weight: number;
  mean: number;
  /** Mean absolute deviation. */
  scatter: number;
}

/** `memory`: after so many values the first has faded to about a third. `floor`: the least scatter that is believed. */
export function learn(level: Level, value: number, memory: number, floor: number): void {
  level.weight = Math.min(level.weight + 1, memory);
  const share = 1 / level.weight;
  const off = value - level.mean;
  const limit = reach * Math.max(level.scatter, floor);
  const held = level.weight > openMinded ? Math.min(Math.max(off, -limit), limit) : off;
  // The first value has no scatter: its distance from zero says nothing.
  if (level.weight > 1) level.scatter += share * (Math.abs(held) - level.scatter);
  level.mean += share * held;
}
