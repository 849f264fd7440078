// One DNS exchange as the table shows it, its columns and how they sort.
import type { DnsExchange } from '@foretop/proto/api';
import { visible } from '../format/visible.ts';
import type { Column } from '../table/columns.ts';
import type { SortValue } from '../table/ordered-rows.ts';

export interface DnsRow {
  key: number;
  host: string;
  name: string;
  process: string;
  /** What came of it: addresses and names, or why there are none. */
  answer: string;
  failed: boolean;
  askedMs: number;
  exchange: DnsExchange;
  /** Lower case, for the search. */
  search: string;
}

export function dnsRow(exchange: DnsExchange, key: number, host: string): DnsRow {
  const name = visible(exchange.name);
  const process = visible(exchange.process ?? '');
  const answer = answerText(exchange);
  const failed = !exchange.answered || (exchange.rcode !== null && exchange.rcode !== 'NOERROR');
  const search = [host, name, process, exchange.pid, exchange.type, exchange.rcode, exchange.peerAddress, answer]
    .join(' ')
    .toLowerCase();
  return { key, host, name, process, answer, failed, askedMs: Date.parse(exchange.askedAt), exchange, search };
}

function answerText({ answered, addresses, canonicalNames, truncated }: DnsExchange): string {
  if (!answered) return 'no answer';
  const found = [...addresses, ...canonicalNames].map(visible);
  if (found.length === 0) return truncated ? 'truncated' : '';
  return `${found[0]}${found.length > 1 ? ` +${found.length - 1}` : ''}`;
}

const hostColumn: Column = { id: 'host', label: 'Host', minPx: 110, grow: 0.6, spare: 2 };
const columns: readonly Column[] = [
  { id: 'asked', label: 'Asked', minPx: 84, grow: 0, spare: 0, descendingFirst: true },
  { id: 'process', label: 'Process', minPx: 120, grow: 0.8, spare: 0 },
  { id: 'name', label: 'Name', minPx: 200, grow: 2, spare: 0 },
  { id: 'type', label: 'Type', minPx: 66, grow: 0, spare: 3 },
  { id: 'rcode', label: 'Result', minPx: 96, grow: 0, spare: 1 },
  { id: 'answer', label: 'Answer', minPx: 160, grow: 1.2, spare: 4 },
  { id: 'latency', label: 'Latency', minPx: 84, grow: 0, right: true, spare: 2, descendingFirst: true },
  { id: 'resolver', label: 'Resolver', minPx: 120, grow: 0, spare: 5 },
  { id: 'count', label: 'Count', minPx: 62, grow: 0, right: true, spare: 6, descendingFirst: true },
];

export const dnsColumns = (fleet: boolean): readonly Column[] =>
  fleet ? [columns[0]!, hostColumn, ...columns.slice(1)] : columns;

export const dnsSortColumns: readonly string[] = dnsColumns(true).map((column) => column.id);

export function dnsValue(row: DnsRow, column: string): SortValue {
  switch (column) {
    case 'asked':
      return row.askedMs;
    case 'host':
      return row.host;
    case 'process':
      return row.process;
    case 'type':
      return row.exchange.type;
    case 'rcode':
      return row.exchange.rcode;
    case 'answer':
      return row.answer;
    case 'latency':
      return row.exchange.latencyUs;
    case 'resolver':
      return row.exchange.peerAddress;
    case 'count':
      return row.exchange.count;
    default:
      return row.name;
  }
}

export function dnsMatcher(text: string): (row: DnsRow) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => words.every((word) => row.search.includes(word));
}
