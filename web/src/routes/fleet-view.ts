// What the fleet page shows of all hosts: which ones, in which order, and their sums.
import type { HostStatusName } from '@foretop/proto/api';
import type { FleetHost } from '../lib/live/fleet.svelte.ts';
import type { Column } from '../lib/table/columns.ts';
import type { SortValue } from '../lib/table/ordered-rows.ts';

export const fleetColumns: readonly Column[] = [
  { id: 'name', label: 'Host', minPx: 150, grow: 2, spare: 0 },
  { id: 'status', label: 'Status', minPx: 130, grow: 0, spare: 0 },
  { id: 'address', label: 'Address', minPx: 128, grow: 1, spare: 3 },
  { id: 'os', label: 'OS', minPx: 150, grow: 1.5, spare: 6 },
  { id: 'spark', label: 'Last 60 s', minPx: 130, grow: 1, spare: 5 },
  { id: 'rx', label: 'Receive', mark: 'rx', minPx: 128, grow: 0, right: true, spare: 0, descendingFirst: true },
  { id: 'tx', label: 'Transmit', mark: 'tx', minPx: 128, grow: 0, right: true, spare: 0, descendingFirst: true },
  { id: 'connections', label: 'Connections', minPx: 92, grow: 0, right: true, spare: 2, descendingFirst: true },
  { id: 'cpu', label: 'CPU', minPx: 70, grow: 0, right: true, spare: 4, descendingFirst: true },
  { id: 'memory', label: 'Memory', minPx: 126, grow: 0, right: true, spare: 4, descendingFirst: true },
];

/** Sort orders of the grid; the table sorts by any column. */
export const fleetSorts: readonly { id: string; label: string }[] = [
  { id: 'name', label: 'Name' },
  { id: 'status', label: 'Worst first' },
  { id: '-rx', label: 'Receive' },
  { id: '-tx', label: 'Transmit' },
  { id: '-connections', label: 'Connections' },
  { id: '-cpu', label: 'CPU' },
  { id: '-memory', label: 'Memory' },
];

const badness: Record<HostStatusName, number> = { stale: 0, offline: 1, revoked: 2, live: 3 };

export function fleetValue(host: FleetHost, column: string): SortValue {
  switch (column) {
    case 'status':
      return badness[host.status];
    case 'address':
      return host.addresses[0] ?? null;
    case 'os':
      return host.host.os;
    case 'rx':
      return host.rxRate;
    case 'tx':
      return host.txRate;
    case 'connections':
      return host.connections;
    case 'cpu':
      return host.cpuPermille;
    case 'memory':
      return host.memoryUsedBytes;
    default:
      return host.name;
  }
}

/** Every word of the text must occur; an empty status means any. */
export function fleetMatcher(text: string, status: string): (host: FleetHost) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (host) => (status === '' || host.status === status) && words.every((word) => host.search.includes(word));
}

export interface FleetTotals {
  live: number;
  stale: number;
  offline: number;
  rxRate: number;
  txRate: number;
  connections: number;
  /** The largest rate of the last minute, for sparklines that share a scale. */
  peak: number;
}

export function fleetTotals(hosts: Iterable<FleetHost>, sinceMs: number): FleetTotals {
  const totals: FleetTotals = { live: 0, stale: 0, offline: 0, rxRate: 0, txRate: 0, connections: 0, peak: 0 };
  for (const host of hosts) {
    if (host.status !== 'revoked') totals[host.status]++;
    totals.rxRate += host.rxRate ?? 0;
    totals.txRate += host.txRate ?? 0;
    totals.connections += host.connections ?? 0;
    totals.peak = Math.max(totals.peak, host.series.peakSince(sinceMs));
  }
  return totals;
}
