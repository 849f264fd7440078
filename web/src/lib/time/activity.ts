// What the time bar shows of a range: how much was carried in each step, and what is not known.
import type { Bandwidth, FleetRecord } from '@foretop/proto/api';

export interface Activity {
  startMs: number;
  stepMs: number;
  /** Bytes a second in both directions; null where nothing is known of any host. */
  steps: (number | null)[];
  gaps: { fromMs: number; toMs: number; reason: string }[];
}

/** The sum over hosts. Steps without a value stay unknown only where no host has one. */
export function sumActivity(answers: readonly Bandwidth[], startMs: number, endMs: number, stepMs: number): Activity {
  const steps: (number | null)[] = Array.from({ length: Math.ceil((endMs - startMs) / stepMs) }, () => null);
  for (const { items } of answers) {
    for (const { time, rxRate, txRate } of items) {
      const index = Math.floor((Date.parse(time) - startMs) / stepMs);
      if (index < 0 || index >= steps.length || (rxRate === null && txRate === null)) continue;
      steps[index] = (steps[index] ?? 0) + (rxRate ?? 0) + (txRate ?? 0);
    }
  }
  // Gaps of one host among several are told where lists are; here they would cover what the others did.
  const gaps = answers.length === 1 ? answers[0]!.gaps : [];
  return {
    startMs,
    stepMs,
    steps,
    gaps: gaps.map((gap) => ({ fromMs: Date.parse(gap.from), toMs: Date.parse(gap.to), reason: gap.reason })),
  };
}

/** The same out of the collector's answer for the whole fleet, in the steps that it has. */
export function fleetActivity({ items, from, bucketSeconds }: FleetRecord): Activity {
  const count = items.reduce((most, { rxRates }) => Math.max(most, rxRates.length), 0);
  const steps: (number | null)[] = Array.from({ length: count }, () => null);
  for (const { rxRates, txRates } of items) {
    for (let step = 0; step < rxRates.length; step++) {
      const [rx, tx] = [rxRates[step] ?? null, txRates[step] ?? null];
      if (rx !== null || tx !== null) steps[step] = (steps[step] ?? 0) + (rx ?? 0) + (tx ?? 0);
    }
  }
  return { startMs: Date.parse(from), stepMs: bucketSeconds * 1000, steps, gaps: [] };
}

/** Runs of steps of which nothing is known, as [first, last] index, both included. */
export function unknownRuns(steps: readonly (number | null)[]): [number, number][] {
  const runs: [number, number][] = [];
  steps.forEach((value, index) => {
    if (value !== null) return;
    const last = runs.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  });
  return runs;
}
