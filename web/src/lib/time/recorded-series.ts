// Means on record as a series that charts draw: a mean stands in the middle of its step, an unknown one is left out.
import { createSeriesRing, type SeriesRing } from './series-ring.ts';

type Rates = readonly (number | null)[];

/** Both lists have one entry a step, from `startMs` on. */
export function recordedSeries(startMs: number, stepMs: number, rxRates: Rates, txRates: Rates): SeriesRing {
  const ring = createSeriesRing(Math.max(1, rxRates.length));
  for (const [index, rxRate] of rxRates.entries()) {
    const txRate = txRates[index];
    if (rxRate === null || txRate == null) continue;
    ring.push({ timeMs: startMs + (index + 0.5) * stepMs, rxRate, txRate, stepMs });
  }
  return ring;
}
