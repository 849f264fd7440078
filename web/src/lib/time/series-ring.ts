// A bounded series of receive and transmit rates by time; the oldest sample goes first.

export interface RateSample {
  timeMs: number;
  rxRate: number;
  txRate: number;
  /** How far apart samples of this kind come; a larger hole is a gap. */
  stepMs: number;
}

export interface SeriesRing {
  readonly length: number;
  /** Samples that are not newer than the last one are dropped: a series only moves forward. */
  push(sample: RateSample): boolean;
  at(index: number): RateSample;
  /** The largest rate of either direction since then, without making objects: a fleet asks this of every host each second. */
  peakSince(timeMs: number): number;
}

export function createSeriesRing(capacity: number): SeriesRing {
  const times = new Float64Array(capacity);
  const rx = new Float64Array(capacity);
  const tx = new Float64Array(capacity);
  const steps = new Float64Array(capacity);
  let start = 0;
  let length = 0;
  const slot = (index: number) => (start + index) % capacity;
  return {
    get length() {
      return length;
    },
    push(sample) {
      if (length > 0 && sample.timeMs <= times[slot(length - 1)]!) return false;
      const to = slot(length);
      times[to] = sample.timeMs;
      rx[to] = sample.rxRate;
      tx[to] = sample.txRate;
      steps[to] = sample.stepMs;
      if (length < capacity) length++;
      else start = (start + 1) % capacity;
      return true;
    },
    at(index) {
      const from = slot(index);
      return { timeMs: times[from]!, rxRate: rx[from]!, txRate: tx[from]!, stepMs: steps[from]! };
    },
    peakSince(timeMs) {
      let peak = 0;
      for (let index = length - 1; index >= 0 && times[slot(index)]! >= timeMs; index--) {
        peak = Math.max(peak, rx[slot(index)]!, tx[slot(index)]!);
      }
      return peak;
    },
  };
}

/** The index of the first sample at or after `timeMs`; the length when there is none. */
export function firstAtOrAfter(series: SeriesRing, timeMs: number): number {
  let low = 0;
  let high = series.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (series.at(middle).timeMs < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The sample nearest to `timeMs`, or undefined for an empty series. */
export function nearest(series: SeriesRing, timeMs: number): RateSample | undefined {
  if (series.length === 0) return undefined;
  const after = Math.min(firstAtOrAfter(series, timeMs), series.length - 1);
  const right = series.at(after);
  if (after === 0) return right;
  const left = series.at(after - 1);
  return timeMs - left.timeMs <= right.timeMs - timeMs ? left : right;
}

/** Samples as they come may be late; means on record, of steps over a second, stand exactly where they belong. */
const [liveSlack, recordSlack] = [2.5, 1.5];

/** Whether nothing was received for so long between two samples that a line may not join them. */
export function isGap(earlier: RateSample, later: RateSample): boolean {
  const stepMs = Math.max(earlier.stepMs, later.stepMs);
  return later.timeMs - earlier.timeMs > Math.max(1000, (stepMs > 1000 ? recordSlack : liveSlack) * stepMs);
}
