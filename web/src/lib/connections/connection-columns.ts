// Columns of the connections table: what they show, and in which words.
import type { Column } from '../table/columns.ts';
import type { ColumnChanges } from './column-changes.ts';
import type { ConnectionRow } from './connection-row.ts';

export const connectionColumns: readonly Column[] = [
  { id: 'process', label: 'Process', minPx: 100, grow: 1, spare: 0 },
  { id: 'pid', label: 'PID', minPx: 66, grow: 0, right: true, spare: 4 },
  { id: 'local', label: 'Local', minPx: 158, grow: 0.6, spare: 8 },
  { id: 'remote', label: 'Remote', minPx: 160, grow: 2.2, spare: 0 },
  { id: 'country', label: 'Country', minPx: 92, grow: 0.5, spare: 7 },
  { id: 'network', label: 'Network', minPx: 100, grow: 0.8, spare: 10 },
  { id: 'protocol', label: 'Proto', minPx: 68, grow: 0, spare: 9 },
  { id: 'state', label: 'State', minPx: 108, grow: 0, spare: 3 },
  { id: 'duration', label: 'Duration', minPx: 100, grow: 0, right: true, spare: 5, descendingFirst: true },
  { id: 'rtt', label: 'RTT', minPx: 74, grow: 0, right: true, spare: 6, descendingFirst: true },
  { id: 'rx', label: 'Receive', mark: 'rx', minPx: 122, grow: 0, right: true, spare: 0, descendingFirst: true },
  { id: 'tx', label: 'Transmit', mark: 'tx', minPx: 122, grow: 0, right: true, spare: 0, descendingFirst: true },
];

const hostColumn: Column = { id: 'host', label: 'Host', minPx: 100, grow: 0.8, spare: 0 };

/** For the hosts of a fleet, or for what was: rates are then means of segments. */
export function columnsFor(fleet: boolean, past: boolean, changes?: ColumnChanges): readonly Column[] {
  const all = fleet ? [hostColumn, ...connectionColumns] : connectionColumns;
  const columns = all.map((column) => ({ ...column, ...changes?.[column.id] }));
  if (!past) return columns;
  return columns.map((column) =>
    column.mark
      ? { ...column, label: `${column.label}, mean` }
      : column.id === 'duration'
        ? { ...column, label: 'Age then' }
        : column,
  );
}

/** Fastest first means both directions together; the columns sort by one. */
export const fastest = { column: 'rate', descending: true } as const;

/** What `sort=` in the address may name. */
export const sortableColumns = ['host', ...connectionColumns.map((column) => column.id), fastest.column];

export const endpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

type Ends = Pick<ConnectionRow, 'connectionCount' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;

export const localEnd = (row: Ends): string => end(row, row.localAddress, row.localPort);
export const remoteEnd = (row: Ends): string => end(row, row.remoteAddress, row.remotePort);

/** Of a row that folds several connections, what they have in common: addresses and ports that differ come as zero. */
function end({ connectionCount }: Ends, address: string, port: number): string {
  if (connectionCount === 1) return endpoint(address, port);
  if (address === '0.0.0.0' || address === '::') return port === 0 ? 'many' : `many, port ${port}`;
  return port === 0 ? address : endpoint(address, port);
}
