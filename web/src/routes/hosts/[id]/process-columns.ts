// Columns of the processes table: what they show and how they sort.
import type { ProcessRow } from '#lib/live/host-tables.ts';
import type { Column } from '#lib/table/columns.ts';
import type { SortValue } from '#lib/table/ordered-rows.ts';

export const processColumns: readonly Column[] = [
  { id: 'process', label: 'Process', minPx: 130, grow: 1, spare: 0 },
  { id: 'pid', label: 'PID', minPx: 70, grow: 0, right: true, spare: 2 },
  { id: 'user', label: 'User', minPx: 90, grow: 0, spare: 6 },
  { id: 'cpu', label: 'CPU', minPx: 74, grow: 0, right: true, spare: 0, descendingFirst: true },
  { id: 'memory', label: 'Memory', minPx: 92, grow: 0, right: true, spare: 0, descendingFirst: true },
  { id: 'threads', label: 'Threads', minPx: 68, grow: 0, right: true, spare: 7, descendingFirst: true },
  { id: 'started', label: 'Started', minPx: 88, grow: 0, right: true, spare: 5 },
  { id: 'connections', label: 'Conns', minPx: 66, grow: 0, right: true, spare: 1, descendingFirst: true },
  { id: 'rx', label: 'Receive', mark: 'rx', minPx: 126, grow: 0, right: true, spare: 3, descendingFirst: true },
  { id: 'tx', label: 'Transmit', mark: 'tx', minPx: 126, grow: 0, right: true, spare: 3, descendingFirst: true },
  { id: 'executable', label: 'Executable', minPx: 150, grow: 1.3, spare: 8 },
  { id: 'command', label: 'Command line', minPx: 180, grow: 2.4, spare: 9 },
];

export function processValue(row: ProcessRow, column: string): SortValue {
  switch (column) {
    case 'pid':
      return row.key;
    case 'user':
      return row.user || String(row.uid);
    case 'cpu':
      return row.cpuPermille;
    case 'memory':
      return row.memoryBytes;
    case 'threads':
      return row.threads;
    case 'started':
      return row.startedMs;
    case 'connections':
      return row.connections;
    case 'rx':
      return row.rxRate;
    case 'tx':
      return row.txRate;
    case 'executable':
      return row.executable;
    case 'command':
      return row.commandLine;
    default:
      return row.process;
  }
}

export function processMatcher(text: string): (row: ProcessRow) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => words.every((word) => row.search.includes(word));
}
