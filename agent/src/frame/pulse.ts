// The pulse: some ten numbers a second by which the fleet view lives.
import type { Pulse } from '@foretop/proto';
import type { Tick } from '../collect/tick.ts';

export function pulseOf(tick: Tick, state: { eventsLost: number; spooledBatches: number }): Pulse {
  const { host } = tick;
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
    eventsLost: state.eventsLost,
    spooledBatches: state.spooledBatches,
    hasCoverage: false,
  };
}
