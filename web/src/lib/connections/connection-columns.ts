// Columns of the connections table: what they show, what F filters by, how the REST API names their order.
import type { Column } from '../table/columns.ts';
import { shapeOf } from '../ui/connection-states.ts';
import { unknownProcess, type Condition } from './connection-filter.ts';
import type { ConnectionRow } from './connection-row.ts';

export const connectionColumns: readonly Column[] = [
  { id: 'process', label: 'Process', minPx: 100, grow: 1, spare: 0 },
  { id: 'pid', label: 'PID', minPx: 66, grow: 0, right: true, spare: 4 },
  { id: 'local', label: 'Local', minPx: 158, grow: 1.2, spare: 8 },
  { id: 'remote', label: 'Remote', minPx: 160, grow: 1.6, spare: 0 },
  { id: 'protocol', label: 'Proto', minPx: 68, grow: 0, spare: 9 },
  { id: 'state', label: 'State', minPx: 108, grow: 0, spare: 3 },
  { id: 'duration', label: 'Duration', minPx: 100, grow: 0, right: true, spare: 5, descendingFirst: true },
  { id: 'rtt', label: 'RTT', minPx: 74, grow: 0, right: true, spare: 6, descendingFirst: true },
  { id: 'rx', label: 'Receive', mark: 'rx', minPx: 122, grow: 0, right: true, spare: 0, descendingFirst: true },
  { id: 'tx', label: 'Transmit', mark: 'tx', minPx: 122, grow: 0, right: true, spare: 0, descendingFirst: true },
];

const hostColumn: Column = { id: 'host', label: 'Host', minPx: 100, grow: 0.8, spare: 0 };

/** For the hosts of a fleet, or for what was: rates are then means of segments. */
export function columnsFor(fleet: boolean, past: boolean): readonly Column[] {
  const columns = fleet ? [hostColumn, ...connectionColumns] : connectionColumns;
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

/** What F filters by in a column; undefined where a column means no condition. */
export function conditionOfCell(row: ConnectionRow, column: string): Omit<Condition, 'exclude'> | undefined {
  switch (column) {
    case 'host':
      return { field: 'host', value: row.host };
    case 'pid':
      return row.pid === null ? undefined : { field: 'process', value: String(row.pid) };
    case 'local':
      return { field: 'address', value: row.localAddress };
    case 'remote':
      return row.remoteAddress ? { field: 'address', value: row.remoteAddress } : undefined;
    case 'protocol':
      return row.protocol ? { field: 'protocol', value: row.protocol } : undefined;
    case 'state':
      return { field: 'state', value: shapeOf(row.state, row.closed) };
    default:
      return { field: 'process', value: row.process || unknownProcess };
  }
}

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
