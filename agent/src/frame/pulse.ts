// The pulse: some ten numbers a second by which the fleet view lives.
import type { Pulse } from '@foretop/proto';
import type { Tick } from '../collect/tick.ts';

export interface PulseState {
  eventsLost: number;
  spooledBatches: number;
  /** undefined = unknown. */
  coveragePermille?: number | undefined;
  missingSeconds?: number;
  lateSeconds?: number;
  backfilledSeconds?: number;
  /** Bits of Pulse.given_up in agent.proto. */
  givenUp?: number;
}

export function pulseOf(tick: Tick, state: PulseState): Pulse {
  const { host } = tick;
  const { eventsLost, spooledBatches, coveragePermille, missingSeconds, lateSeconds, backfilledSeconds, givenUp } =
    state;
  return {
    boottimeUs: tick.boottimeUs,
    rxRate: Math.round(host.rxRate),
    txRate: Math.round(host.txRate),
    loopbackRate: Math.round(host.loopbackRate),
    connections: host.openConnections,
    cpuPermille: Math.round(host.cpuPermille),
    memoryUsedBytes: host.memoryUsedBytes,
    memoryTotalBytes: host.memoryTotalBytes,
    processes: host.processes,
    ...{ eventsLost, spooledBatches, missingSeconds, lateSeconds, backfilledSeconds, givenUp },
    coveragePermille: coveragePermille ?? 0,
    hasCoverage: coveragePermille !== undefined,
  };
}
