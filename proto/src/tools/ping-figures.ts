// What the attempts of a ping, a hop or a watch come to: how many were answered, and how long that took.
import type { PingEvent } from './events.ts';

export interface RoundTrips {
  /** Attempts that have an outcome. */
  sent: number;
  answered: number;
  /** Share of those lost, 0 … 100; null = none was sent. */
  lossPercent: number | null;
  /** Microseconds, of those answered; null = none was. */
  minUs: number | null;
  meanUs: number | null;
  maxUs: number | null;
  /** Mean difference between one answer and the next (RFC 3550 section 6.4.1 without its smoothing); null = fewer than two. */
  jitterUs: number | null;
}

export function roundTrips(attempts: readonly { rttUs?: number | undefined }[]): RoundTrips {
  const times = attempts.flatMap(({ rttUs }) => (rttUs === undefined ? [] : [rttUs]));
  const [sent, answered] = [attempts.length, times.length];
  const steps = times.slice(1).map((time, index) => Math.abs(time - times[index]!));
  return {
    sent,
    answered,
    lossPercent: sent === 0 ? null : ((sent - answered) * 100) / sent,
    minUs: answered === 0 ? null : Math.min(...times),
    meanUs: mean(times),
    maxUs: answered === 0 ? null : Math.max(...times),
    jitterUs: mean(steps),
  };
}

/** Of a ping: an attempt that was refused has its time too, and is not answered. */
export const pingFigures = (events: readonly PingEvent[]): RoundTrips =>
  roundTrips(events.map(({ outcome, rttUs }) => (outcome === 'answered' ? { rttUs: rttUs ?? 0 } : {})));

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
