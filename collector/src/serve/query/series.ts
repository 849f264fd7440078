// Series of equal steps: how long a step is, and one point for each with what was carried in it.
import type { BandwidthPoint } from '@foretop/proto/api';
import type { Carried } from '../../store/queries/bandwidth.ts';
import { invalidQuery, timeOf } from './parameters.ts';

export interface AlignedSpan {
  fromUs: number;
  toUs: number;
  stepUs: number;
}

export const secondUs = 1_000_000;
export const minuteSeconds = 60;
export const mostGaps = 1_000;
const mostPoints = 3_000;
const standardPoints = 300;

/** The span widened to whole steps. Throws RequestError. */
export function alignSpan(span: { fromUs: number; toUs: number }, stepSeconds: number): AlignedSpan {
  const stepUs = stepSeconds * secondUs;
  const aligned = {
    fromUs: Math.floor(span.fromUs / stepUs) * stepUs,
    toUs: Math.ceil(span.toUs / stepUs) * stepUs,
    stepUs,
  };
  if ((aligned.toUs - aligned.fromUs) / stepUs <= mostPoints) return aligned;
  throw invalidQuery([
    { parameter: 'step', detail: `makes more than ${mostPoints} points; ask for a longer step or a shorter span` },
  ]);
}

/** Whole minutes that make some 300 points. */
export function standardMinutes(spanUs: number, wantedPoints = standardPoints): number {
  return Math.ceil(spanUs / secondUs / wantedPoints / minuteSeconds) * minuteSeconds;
}

/** For what is only known by the minute. Throws RequestError. */
export function spanOfMinutes(
  query: { from?: number | undefined; to?: number | undefined; step?: number | undefined },
  nowUs: number,
  standardSpanUs: number,
): AlignedSpan {
  const { fromUs, toUs } = spanOf(query, nowUs, standardSpanUs);
  const step = query.step ?? standardMinutes(toUs - fromUs);
  if (step % minuteSeconds !== 0)
    throw invalidQuery([{ parameter: 'step', detail: 'must be whole minutes: 60, 120 …' }]);
  return alignSpan({ fromUs, toUs }, step);
}

/** `from` and `to`, else the newest `standardSpanUs`. Throws RequestError. */
export function spanOf(
  query: { from?: number | undefined; to?: number | undefined },
  nowUs: number,
  standardSpanUs: number,
): { fromUs: number; toUs: number } {
  const time = timeOf(query, nowUs);
  return time !== undefined && 'fromUs' in time ? time : { fromUs: nowUs - standardSpanUs, toUs: nowUs };
}

/** One point a step; a step of which nothing is known has no rates. */
export function points(carried: readonly Carried[], { fromUs, toUs, stepUs }: AlignedSpan): BandwidthPoint[] {
  const sums = Array.from({ length: Math.round((toUs - fromUs) / stepUs) }, () => ({
    seconds: 0,
    rxBytes: 0,
    txBytes: 0,
  }));
  for (const { timeUs, seconds, rxBytes, txBytes } of carried) {
    const sum = sums[Math.floor((timeUs - fromUs) / stepUs)];
    if (sum === undefined) continue;
    sum.seconds += seconds;
    sum.rxBytes += rxBytes;
    sum.txBytes += txBytes;
  }
  return sums.map(({ seconds, rxBytes, txBytes }, index) => ({
    time: new Date((fromUs + index * stepUs) / 1000).toISOString(),
    rxRate: seconds === 0 ? null : Math.round(rxBytes / seconds),
    txRate: seconds === 0 ? null : Math.round(txBytes / seconds),
  }));
}
