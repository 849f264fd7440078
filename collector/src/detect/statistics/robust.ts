// Median, quartiles, MAD and Bowley's skew of a handful of numbers: what outliers do not move.

/** By linear interpolation (type 7 of Hyndman and Fan 1996). NaN of nothing. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = Math.min(Math.max(share, 0), 1) * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return below + 1 < sorted.length ? low + (at - below) * (sorted[below + 1]! - low) : low;
}

export function sortedCopy(values: Iterable<number>): number[] {
  return Float64Array.from(values).sort() as unknown as number[];
}

/** NaN of nothing. */
export function median(values: Iterable<number>): number {
  return quantile(sortedCopy(values), 0.5);
}

/** Median absolute deviation from the median, not scaled to a standard deviation. NaN of nothing. */
export function medianAbsoluteDeviation(values: readonly number[], centre = median(values)): number {
  return median(values.map((value) => Math.abs(value - centre)));
}

/** −1 … 1: 0 where the quartiles lie evenly around the median (Bowley 1901). 0 where they coincide. */
export function bowleySkew(values: Iterable<number>): number {
  const sorted = sortedCopy(values);
  const [low, middle, high] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
  return high > low ? (low + high - 2 * middle) / (high - low) : 0;
}
