// What the fleet page shows of all hosts: which ones, in which order, and their sums.
import type { FleetHost } from '../lib/live/fleet.svelte.ts';
import { shownStatus } from '../lib/live/status.ts';
import type { Column } from '../lib/table/columns.ts';
import type { SortValue } from '../lib/table/ordered-rows.ts';
import type { LampName } from '../lib/ui/lamps.ts';

/** A host of the fleet, now or out of the record. */
export interface ShownHost extends FleetHost {
  /** What is on record of it; undefined for the present. */
  record?: { lamp: 'record' | 'gap'; note: string };
}

/** Nothing is live on a page that hears nothing. */
export const lampOf = (host: ShownHost, cutOff: boolean): LampName =>
  host.record?.lamp ?? shownStatus(host.status, cutOff);

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

/** As of a time: what a header calls a rate is a mean, and the strip is the hour before, or the span. */
export const recordedColumns: readonly Column[] = fleetColumns.map((column) => {
  if (column.id === 'spark') return { ...column, label: 'Before' };
  if (column.id === 'status') return { ...column, label: 'Record', minPx: 190 };
  return ['rx', 'tx', 'cpu'].includes(column.id) ? { ...column, label: `${column.label}, mean` } : column;
});

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

export const badness: Record<LampName, number> = { stale: 0, offline: 1, revoked: 2, gap: 3, live: 4, record: 5 };

export function fleetValue(host: ShownHost, column: string): SortValue {
  switch (column) {
    case 'status':
      return badness[lampOf(host, false)];
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
export function fleetMatcher(text: string, status: string): (host: ShownHost) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (host) =>
    (status === '' || lampOf(host, false) === status) && words.every((word) => host.search.includes(word));
}

export interface FleetTotals {
  counts: Record<LampName, number>;
  /** Sums over the hosts that are known; null when none is. */
  rxRate: number | null;
  txRate: number | null;
  connections: number | null;
  /** The largest rate of the series, for sparklines that share a scale. */
  peak: number;
}

/** What is not known adds nothing, and nothing but unknown is unknown. */
export const sumOf = (sum: number | null, value: number | null): number | null =>
  value === null ? sum : (sum ?? 0) + value;

export function fleetTotals(hosts: Iterable<ShownHost>, sinceMs: number): FleetTotals {
  const counts = { live: 0, stale: 0, offline: 0, revoked: 0, record: 0, gap: 0 };
  const totals: FleetTotals = { counts, rxRate: null, txRate: null, connections: null, peak: 0 };
  for (const host of hosts) {
    counts[lampOf(host, false)]++;
    totals.rxRate = sumOf(totals.rxRate, host.rxRate);
    totals.txRate = sumOf(totals.txRate, host.txRate);
    totals.connections = sumOf(totals.connections, host.connections);
    totals.peak = Math.max(totals.peak, host.series.peakSince(sinceMs));
  }
  return totals;
}
