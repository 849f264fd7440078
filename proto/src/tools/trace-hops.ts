// The way that a trace found, hop by hop.
import type { HopEvent } from './events.ts';
import { roundTrips, type RoundTrips } from './ping-figures.ts';

export interface Hop {
  hop: number;
  /** Each once, in the order in which they answered; empty = nobody did. */
  addresses: string[];
  /** Reverse DNS by address, where the host knew one. */
  names: Map<string, string>;
  reached: boolean;
  unreachable: boolean;
  times: RoundTrips;
}

/** In rising order, without those that were not tried. */
export function traceHops(events: readonly HopEvent[]): Hop[] {
  const byHop = Map.groupBy(events, ({ hop }) => hop);
  return [...byHop]
    .toSorted(([a], [b]) => a - b)
    .map(([hop, attempts]) => {
      const named = attempts.flatMap(({ address, name }) => (address && name ? [[address, name] as const] : []));
      return {
        hop,
        addresses: [...new Set(attempts.flatMap(({ address }) => address ?? []))],
        names: new Map(named),
        reached: attempts.some(({ outcome }) => outcome === 'reached'),
        unreachable: attempts.some(({ outcome }) => outcome === 'unreachable'),
        times: roundTrips(attempts),
      };
    });
}
