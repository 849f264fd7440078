// The cumulative counters of a connection, and what they grew by.
import type { TrackedConnection } from '../collect/tick.ts';

export interface Counters {
  rxBytes?: number;
  txBytes?: number;
  rxPackets?: number;
  txPackets?: number;
  retransmissions?: number;
}

export const counterNames = ['rxBytes', 'txBytes', 'rxPackets', 'txPackets', 'retransmissions'] as const;

/** Nothing counted yet; every name is there, so that spreading it clears what was. */
export const noCounters: Readonly<Counters> = {
  rxBytes: undefined,
  txBytes: undefined,
  rxPackets: undefined,
  txPackets: undefined,
  retransmissions: undefined,
};

/** A copy, since the collector may go on changing the connection it handed out. */
export function copyCounters(connection: TrackedConnection): Counters {
  const { rxBytes, txBytes, rxPackets, txPackets, retransmissions } = connection;
  return { rxBytes, txBytes, rxPackets, txPackets, retransmissions };
}

/** What was counted since `before`; a counter that fell began again at zero. Unknown stays unknown. */
export function growth(now: number | undefined, before: number | undefined): number | undefined {
  if (now === undefined) return undefined;
  return now < (before ?? 0) ? now : now - (before ?? 0);
}

export function growthOf(now: Counters, before: Counters): Counters {
  const delta: Counters = {};
  for (const name of counterNames) delta[name] = growth(now[name], before[name]);
  return delta;
}

/** Counters reached after emitting `now`: one that is unknown now stays where it was, so that nothing is counted twice. */
export function reached(now: Counters, before: Counters): Counters {
  const counters: Counters = {};
  for (const name of counterNames) counters[name] = now[name] ?? before[name];
  return counters;
}

/** Sums what is known; unknown only when no row knew it. */
export function addCounters(sum: Counters, more: Counters): Counters {
  const counters: Counters = {};
  for (const name of counterNames) {
    const known = sum[name] !== undefined || more[name] !== undefined;
    counters[name] = known ? (sum[name] ?? 0) + (more[name] ?? 0) : undefined;
  }
  return counters;
}
