// Columns of what changed in a live table, one entry a row.
import type { ConnectionUpdates, ProcessUpdates } from '@foretop/proto';
import type { TrackedConnection, TrackedProcess } from '../collect/tick.ts';

/** Bits of ConnectionUpdates.known. */
export const knownBits = { rx: 1, tx: 2, rtt: 4, retransmissions: 8 } as const;

export function connectionUpdates(rows: readonly TrackedConnection[]): ConnectionUpdates {
  return {
    handle: rows.map((row) => row.handle),
    state: rows.map((row) => row.state),
    rxBytes: rows.map((row) => row.rxBytes ?? 0),
    txBytes: rows.map((row) => row.txBytes ?? 0),
    rxRate: rows.map((row) => Math.round(row.rxRate ?? 0)),
    txRate: rows.map((row) => Math.round(row.txRate ?? 0)),
    rttUs: rows.map((row) => row.rttUs ?? 0),
    retransmissions: rows.map((row) => row.retransmissions ?? 0),
    known: rows.map(knownOf),
    pid: rows.map((row) => row.pid),
  };
}

function knownOf(row: TrackedConnection): number {
  return (
    (row.rxBytes === undefined ? 0 : knownBits.rx) |
    (row.txBytes === undefined ? 0 : knownBits.tx) |
    (row.rttUs === undefined ? 0 : knownBits.rtt) |
    (row.retransmissions === undefined ? 0 : knownBits.retransmissions)
  );
}

export function processUpdates(rows: readonly TrackedProcess[]): ProcessUpdates {
  return {
    pid: rows.map((row) => row.identity.pid),
    cpuPermille: rows.map((row) => Math.round(row.cpuPermille)),
    memoryBytes: rows.map((row) => row.memoryBytes),
    threads: rows.map((row) => row.threads),
    connections: rows.map((row) => row.connections),
    descriptors: rows.map((row) => row.descriptors),
    rxRate: rows.map((row) => Math.round(row.rxRate ?? 0)),
    txRate: rows.map((row) => Math.round(row.txRate ?? 0)),
  };
}
