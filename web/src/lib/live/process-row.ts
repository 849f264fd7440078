// A process of the REST API as the row that live frames make of one.
import type { Process } from '@foretop/proto/api';
import { containerText } from '../connections/connection-row.ts';
import { visible } from '../format/visible.ts';
import type { ProcessRow } from './host-tables.ts';

export function rowOfProcess(from: Process): ProcessRow {
  const row: ProcessRow = {
    key: from.pid,
    parentPid: from.parentPid,
    startTicks: 0,
    process: visible(from.process),
    executable: visible(from.executable),
    commandLine: visible(from.commandLine),
    user: visible(from.user),
    uid: from.uid,
    cgroup: visible(from.cgroup),
    unit: visible(from.unit),
    container: from.container ? containerText(from.container) : '',
    startedMs: Date.parse(from.startedAt),
    cpuPermille: from.cpuPercent === null ? null : from.cpuPercent * 10,
    memoryBytes: from.memoryBytes,
    threads: from.threads,
    connections: from.connections,
    descriptors: from.descriptors,
    rxRate: from.rxRate,
    txRate: from.txRate,
    search: '',
    closed: false,
  };
  row.search = processSearch(row);
  return row;
}

export const processSearch = (row: Omit<ProcessRow, 'search'>): string =>
  `${row.process} ${row.key} ${row.user} ${row.unit} ${row.container} ${row.executable} ${row.commandLine}`.toLowerCase();
