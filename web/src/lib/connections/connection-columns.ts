// Columns of the connections table: what they show, how they sort, what a filter means.
import type { Column } from '../table/columns.ts';
import type { SortValue } from '../table/ordered-rows.ts';
import { shapeOf, stateShapes, type StateShape } from '../ui/connection-states.ts';
import { connectionMatcher, unknownProcess, type Condition, type ConnectionFilter } from './connection-filter.ts';
import type { ConnectionRow } from './connection-row.ts';

export const connectionColumns: readonly Column[] = [
  { id: 'process', label: 'Process', minPx: 110, grow: 1, spare: 0 },
  { id: 'pid', label: 'PID', minPx: 66, grow: 0, right: true, spare: 4 },
  { id: 'local', label: 'Local', minPx: 158, grow: 1.2, spare: 8 },
  { id: 'remote', label: 'Remote', minPx: 172, grow: 1.6, spare: 0 },
  { id: 'protocol', label: 'Proto', minPx: 52, grow: 0, spare: 9 },
  { id: 'state', label: 'State', minPx: 108, grow: 0, spare: 3 },
  { id: 'duration', label: 'Duration', minPx: 100, grow: 0, right: true, spare: 5, descendingFirst: true },
  { id: 'rtt', label: 'RTT', minPx: 74, grow: 0, right: true, spare: 6, descendingFirst: true },
  { id: 'rx', label: 'Receive', mark: 'rx', minPx: 126, grow: 0, right: true, spare: 0, descendingFirst: true },
  { id: 'tx', label: 'Transmit', mark: 'tx', minPx: 126, grow: 0, right: true, spare: 0, descendingFirst: true },
];

const hostColumn: Column = { id: 'host', label: 'Host', minPx: 120, grow: 0.8, spare: 0 };

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

export function connectionValue(row: ConnectionRow, column: string): SortValue {
  switch (column) {
    case 'host':
      return row.host;
    case 'process':
      return row.process;
    case 'pid':
      return row.pid;
    case 'local':
      return row.localKey ?? null;
    case 'remote':
      return row.remoteKey ?? null;
    case 'protocol':
      return row.protocol;
    case 'state':
      return stateShapes.indexOf(shapeOf(row.state));
    case 'duration':
      // The earlier it started, the longer it lasts.
      return -row.startedMs;
    case 'rtt':
      return row.rttUs;
    case 'rx':
      return row.rxRate;
    case 'tx':
      return row.txRate;
    default:
      return row.rxRate === null && row.txRate === null ? null : (row.rxRate ?? 0) + (row.txRate ?? 0);
  }
}

export interface ConnectionCounts {
  total: number;
  byShape: Record<StateShape, number>;
  /** Most connections first. */
  processes: { process: string; connections: number }[];
}

/** What the filters offer: counters by state within the rest of the filter, and processes within the rest of it. One pass over all rows. */
export function countConnections(rows: Iterable<ConnectionRow>, filter: ConnectionFilter): ConnectionCounts {
  const byShape = Object.fromEntries(stateShapes.map((shape) => [shape, 0])) as Record<StateShape, number>;
  const byProcess = new Map<string, number>();
  const wanted = (field: string) => filter.conditions.filter((one) => one.field === field && !one.exclude);
  const [states, processes] = [wanted('state'), wanted('process')];
  const rest = connectionMatcher({
    ...filter,
    conditions: filter.conditions.filter((one) => !states.includes(one) && !processes.includes(one)),
  });
  const inState = connectionMatcher({ conditions: states, text: '' });
  const inProcess = connectionMatcher({ conditions: processes, text: '' });
  let total = 0;
  for (const row of rows) {
    if (!rest(row)) continue;
    if (inProcess(row)) {
      total++;
      byShape[shapeOf(row.state, row.closed)]++;
    }
    if (inState(row)) byProcess.set(row.process, (byProcess.get(row.process) ?? 0) + 1);
  }
  const counted = [...byProcess].map(([process, connections]) => ({ process, connections }));
  counted.sort((a, b) => b.connections - a.connections || a.process.localeCompare(b.process));
  return { total, byShape, processes: counted };
}

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

/** The parameter by which the REST API sorts as a column does; both directions together it cannot. */
export const serverSorts: Readonly<Record<string, string>> = {
  host: 'hostId',
  process: 'process',
  pid: 'pid',
  local: 'localAddress',
  remote: 'remoteAddress',
  protocol: 'protocol',
  state: 'state',
  duration: '-startedAt',
  rtt: 'rttUs',
  rx: 'rxRate',
  tx: 'txRate',
};

export const endpoint = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
