// Whether a list of times beats: how many of its intervals lie near multiples of their median, against what chance would bring.
//
// Chance is a Poisson process: intervals are exponential, shifted by the gap below which starts were taken as one burst (a burst can't
// begin sooner). For a share q of n intervals in a band that chance would hit with p, Chernoff bounds the probability by
// exp(−n·KL(q‖p)). What people do comes in bursts and pauses, which is further from a beat than Poisson is.
import { quantile, sortedCopy } from '../../statistics/robust.ts';

export interface Rhythm {
  /** Median interval, seconds. */
  period: number;
  /** Half width of the band that fits best, as a share of the period: the jitter. */
  band: number;
  /** Share of the intervals in the band around the period and, for missing beats, twice and three times it. */
  share: number;
  /** −log10 of a bound of the probability that chance does as well. */
  significance: number;
  /** 0 … 1: the share, less for wide bands. */
  regularity: number;
  /** Starts that lie closer than this were taken as one beat, seconds. */
  gap: number;
  beats: number;
  /** Ascending, seconds. */
  intervals: readonly number[];
}

/** Gaps for bursts, seconds: requests of one check-in, a page with its parts, a session. */
const gaps = [0, 2, 15, 90, 600];
const bands = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5];
/** Multiples of a period are looked for only where the bands around them don't touch. */
const widestForMultiples = 0.1;
/** A period has to be so many times the gap that made bursts of starts. */
const periodPerGap = 3;
/** A burst only counts where merging takes away this share of the starts. */
const leastMerged = 0.05;
/** How much of the regularity a band as wide as the period costs. */
const bandCost = 0.7;

/** To how fine a step times are known, and the least interval that can be, both in seconds. */
export interface Grain {
  step: number;
  least: number;
}

const exact: Grain = { step: 0, least: 0 };
const seconds: Grain = { step: 1, least: 1 };

/**
 * The beats in ascending times (seconds), one for each way of taking bursts together, the clearest first. Times that are known to whole steps
 * only would beat by that alone: bands are at least as wide as a step. Whole seconds are noticed.
 */
export function findRhythms(times: readonly number[], smallestGap = 0, grain = exact): Rhythm[] {
  const coarse = grain === exact && isInSeconds(times) ? seconds : grain;
  const rhythms: Rhythm[] = [];
  let beats: readonly number[] = times;
  for (const gap of gaps) {
    if (gap < smallestGap) continue;
    const merged = gap === 0 ? times : mergeBursts(times, gap);
    if (gap > smallestGap && merged.length > beats.length * (1 - leastMerged)) continue;
    beats = merged;
    const rhythm = measure(beats, gap, coarse);
    if (rhythm !== undefined) rhythms.push(rhythm);
  }
  return rhythms.toSorted((a, b) => strength(b) - strength(a));
}

/** The first time of each burst; a burst goes on while the next time is within the gap of the one before. */
export function mergeBursts(times: readonly number[], gap: number): number[] {
  return times.filter((time, at) => at === 0 || time - times[at - 1]! > gap);
}

/** Significance is worth something up to a point; beyond it the more regular one is the clearer. */
function strength(rhythm: Rhythm): number {
  return rhythm.regularity * Math.min(rhythm.significance, 20);
}

/** As of logs with whole seconds, and of agents that look once a second. */
function isInSeconds(times: readonly number[]): boolean {
  const whole = times.filter((time, at) => {
    const interval = at === 0 ? 0 : time - times[at - 1]!;
    return Math.abs(interval - Math.round(interval)) < 0.03;
  });
  return whole.length > 0.95 * times.length;
}

function measure(beats: readonly number[], gap: number, { step, least }: Grain): Rhythm | undefined {
  if (beats.length < 4) return undefined;
  const intervals = sortedCopy(beats.slice(1).map((time, at) => time - beats[at]!));
  const period = quantile(intervals, 0.5);
  if (!(period > 0) || period < periodPerGap * gap) return undefined;
  const shift = Math.max(gap, least - step / 2);
  const rate = Math.LN2 / (period - shift);
  const below = (interval: number) => (interval <= shift ? 0 : 1 - Math.exp(-rate * (interval - shift)));
  let best: Rhythm | undefined;
  for (const band of bands) {
    if (band * period < step) continue;
    const near = (times: number) => share(intervals, (times - band) * period, (times + band) * period);
    // What lies within half a step of the band's ends may have been told as within it.
    const chance = (times: number) =>
      below((times + band) * period + step / 2) - below((times - band) * period - step / 2);
    let found = near(1);
    let expected = chance(1);
    if (band <= widestForMultiples) {
      found += near(2) + near(3);
      expected += chance(2) + chance(3);
    }
    const significance = found > expected ? (intervals.length * divergence(found, expected)) / Math.LN10 : 0;
    const regularity = found * (1 - bandCost * band);
    const rhythm = {
      period,
      band,
      share: found,
      significance,
      regularity,
      gap,
      beats: beats.length,
      intervals,
    };
    if (best === undefined || strength(rhythm) > strength(best)) best = rhythm;
  }
  return best;
}

/** Kullback–Leibler of two coins, in nats. */
function divergence(found: number, expected: number): number {
  const q = Math.min(found, 1);
  const p = Math.min(Math.max(expected, 1e-9), 1 - 1e-9);
  const term = (x: number, y: number) => (x === 0 ? 0 : x * Math.log(x / y));
  return term(q, p) + term(1 - q, 1 - p);
}

function share(sorted: readonly number[], from: number, to: number): number {
  return (lowerBound(sorted, to, true) - lowerBound(sorted, from, false)) / sorted.length;
}

/** How many lie below the value (or, inclusive, at or below it). */
function lowerBound(sorted: readonly number[], value: number, inclusive: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value || (inclusive && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
