// One finding as the list shows it, its columns and how they sort.
import type { Finding, SeverityName } from '@foretop/proto/api';
import { visible } from '../format/visible.ts';
import type { Column } from '../table/columns.ts';
import type { SortValue } from '../table/ordered-rows.ts';
import type { Sort } from '../table/sort.ts';
import { rungs, stateOrder } from './severity.ts';

export interface FindingRow {
  /** Given by the list: it stays as long as the list is open. */
  key: number;
  id: string;
  severity: SeverityName;
  title: string;
  summary: string;
  /** "web-07", or "web-07 and 3 more". */
  hosts: string;
  peer: string;
  /** An address, so that it may be placed; a name has no place. */
  peerIsAddress: boolean;
  process: string;
  firstMs: number;
  lastMs: number;
  /** It left the list while somebody's pointer held it still. */
  closed: boolean;
  finding: Finding;
}

export function findingRow(finding: Finding, key: number): FindingRow {
  const names = finding.hosts.map(({ hostName }) => visible(hostName));
  const others = finding.hostCount - 1;
  const peer = visible(finding.peer ?? '');
  return {
    key,
    id: finding.id,
    severity: finding.severity,
    title: visible(finding.title),
    summary: visible(finding.summary),
    hosts: others > 0 ? `${names[0] ?? '–'} and ${others} more` : (names[0] ?? '–'),
    peer,
    peerIsAddress: isAddress(peer),
    process: visible(finding.process ?? ''),
    firstMs: Date.parse(finding.firstSeenAt),
    lastMs: Date.parse(finding.lastSeenAt),
    closed: false,
    finding,
  };
}

const isAddress = (text: string) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text) || /^[0-9a-f]*:[0-9a-f:.]+$/i.test(text);

export const findingColumns: readonly Column[] = [
  { id: 'severity', label: 'Severity', minPx: 106, grow: 0, spare: 0, descendingFirst: true },
  { id: 'type', label: 'Type', minPx: 132, grow: 0.3, spare: 2 },
  { id: 'finding', label: 'Finding', minPx: 230, grow: 5, spare: 0 },
  { id: 'host', label: 'Host', minPx: 128, grow: 0.3, spare: 1 },
  { id: 'peer', label: 'Far end', minPx: 140, grow: 0.5, spare: 3 },
  { id: 'count', label: 'Count', minPx: 62, grow: 0, right: true, spare: 5, descendingFirst: true },
  { id: 'first', label: 'First seen', minPx: 92, grow: 0, spare: 6, descendingFirst: true },
  { id: 'last', label: 'Last seen', minPx: 92, grow: 0, spare: 0, descendingFirst: true },
  { id: 'state', label: 'State', minPx: 98, grow: 0, spare: 4 },
];

export const findingSorts: readonly string[] = findingColumns.map(({ id }) => id);

/** Equal severities stand by when they began: a finding that goes on does not pass others. */
export function findingValue(row: FindingRow, column: string): SortValue {
  switch (column) {
    case 'type':
      return row.title;
    case 'finding':
      return row.summary;
    case 'host':
      return row.hosts;
    case 'peer':
      return row.peer;
    case 'count':
      return row.finding.count;
    case 'first':
      return row.firstMs;
    case 'last':
      return row.lastMs;
    case 'state':
      return [stateOrder.indexOf(row.finding.state), -rungs[row.severity], -row.firstMs];
    default:
      return [rungs[row.severity], row.firstMs];
  }
}

/** The orders that the collector knows; of the others the most grave come first. */
const serverSorts: Readonly<Record<string, string>> = {
  severity: 'severity',
  type: 'detector',
  count: 'count',
  first: 'firstSeenAt',
  last: 'lastSeenAt',
  peer: 'peer',
  host: 'hosts',
};

/** `-lastSeenAt`: which findings are to come first when not all are read. */
export function serverSort({ column, descending }: Sort): string {
  const name = serverSorts[column];
  return name === undefined ? '-severity' : `${descending ? '-' : ''}${name}`;
}
