// One entry of the audit log as the table shows it, its columns and how they sort.
import type { AuditEntry } from '@foretop/proto/api';
import { visible } from '#lib/format/visible.ts';
import type { Column } from '#lib/table/columns.ts';
import type { SortValue } from '#lib/table/ordered-rows.ts';
import { dateAndTime } from '#lib/time/clock.ts';

export interface AuditRow {
  /** Its place in the chain. */
  key: number;
  atMs: number;
  actor: string;
  action: string;
  /** The host that it was about; empty where it was about none. */
  host: string;
  /** What else is known, in one line. */
  detail: string;
  outcome: AuditEntry['outcome'];
  entry: AuditEntry;
}

/** `hostName` gives a name that is safe to show. */
export function auditRow(entry: AuditEntry, hostName: (hostId: number) => string): AuditRow {
  return {
    key: entry.sequence,
    atMs: Date.parse(entry.at),
    actor: visible(entry.actor),
    action: visible(entry.action),
    host: entry.hostId === null ? '' : hostName(entry.hostId),
    detail: detailText(entry.detail),
    outcome: entry.outcome,
    entry,
  };
}

/** `role admin, expiresAt 1 Dec 2026 13:00:00`: values of hosts and people, made safe to show. */
export const detailText = (detail: AuditEntry['detail']): string =>
  Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${visible(name)} ${valueText(value)}`)
    .join(', ');

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** An instant stands in the viewer's zone like every other time, all else as it was written, made safe to show. */
export function valueText(value: AuditEntry['detail'][string]): string {
  if (value === null) return '–';
  const ms = typeof value === 'string' && instant.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? visible(String(value)) : dateAndTime(ms);
}

export const auditColumns: readonly Column[] = [
  { id: 'at', label: 'Time', minPx: 150, grow: 0, spare: 0, descendingFirst: true },
  { id: 'actor', label: 'Who', minPx: 120, grow: 0.6, spare: 0 },
  { id: 'action', label: 'Action', minPx: 140, grow: 0.5, spare: 0 },
  { id: 'host', label: 'Host', minPx: 110, grow: 0.5, spare: 2 },
  { id: 'outcome', label: 'Outcome', minPx: 84, grow: 0, spare: 0 },
  { id: 'detail', label: 'Detail', minPx: 200, grow: 2, spare: 3 },
  { id: 'sequence', label: 'Entry', minPx: 70, grow: 0, right: true, spare: 4, descendingFirst: true },
];

export function auditValue(row: AuditRow, column: string): SortValue {
  switch (column) {
    case 'actor':
      return row.actor;
    case 'action':
      return row.action;
    case 'host':
      return row.host;
    case 'outcome':
      return row.outcome;
    case 'detail':
      return row.detail;
    default:
      // Entries of one instant stand in the order of the chain.
      return row.key;
  }
}
