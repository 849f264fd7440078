// Connections as a Zeek conn.log in TSV: https://docs.zeek.org/en/master/log-formats.html, fields that Foretop knows, then its own.
import type { Connection } from '@foretop/proto/api';

type Value = string | number | null;

/** Name, Zeek's type, value. The originator is whoever opened the connection; this side where that is not known. */
const fields: readonly [name: string, type: string, value: (row: Connection) => Value][] = [
  ['ts', 'time', (row) => seconds(row.startedAt)],
  ['uid', 'string', (row) => row.id],
  ['id.orig_h', 'addr', (row) => (isResponder(row) ? row.remoteAddress : row.localAddress)],
  ['id.orig_p', 'port', (row) => (isResponder(row) ? row.remotePort : row.localPort)],
  ['id.resp_h', 'addr', (row) => (isResponder(row) ? row.localAddress : row.remoteAddress)],
  ['id.resp_p', 'port', (row) => (isResponder(row) ? row.localPort : row.remotePort)],
  ['proto', 'enum', (row) => row.protocol],
  ['duration', 'interval', (row) => (row.endedAt === null ? null : interval(row.startedAt, row.endedAt))],
  ['orig_bytes', 'count', (row) => (isResponder(row) ? row.rxBytes : row.txBytes)],
  ['resp_bytes', 'count', (row) => (isResponder(row) ? row.txBytes : row.rxBytes)],
  ['community_id', 'string', (row) => row.communityId],
  ['foretop_host', 'count', (row) => row.hostId],
  ['foretop_state', 'string', (row) => row.state],
  ['foretop_pid', 'count', (row) => row.pid],
  ['foretop_process', 'string', (row) => row.process],
  ['foretop_unit', 'string', (row) => row.unit],
  ['foretop_container', 'string', (row) => row.container?.id ?? null],
  ['foretop_name', 'string', (row) => row.name],
  ['foretop_connections', 'count', (row) => row.connectionCount],
];

const isResponder = (row: Connection) => row.direction === 'inbound';

export function zeekHead(openedMs: number): string {
  return [
    '#separator \\x09',
    '#set_separator\t,',
    '#empty_field\t(empty)',
    '#unset_field\t-',
    '#path\tconn',
    `#open\t${stamp(openedMs)}`,
    `#fields\t${fields.map(([name]) => name).join('\t')}`,
    `#types\t${fields.map(([, type]) => type).join('\t')}`,
    '',
  ].join('\n');
}

/** Nothing for sockets without a peer, since conn.log has none. */
export function zeekLine(row: Connection): string {
  if (row.remoteAddress === null) return '';
  return `${fields.map(([, , value]) => cell(value(row))).join('\t')}\n`;
}

export const zeekTail = (closedMs: number) => `#close\t${stamp(closedMs)}\n`;

function cell(value: Value): string {
  if (value === null) return '-';
  if (typeof value === 'number') return String(value);
  if (value === '') return '(empty)';
  if (value === '-' || value === '(empty)') return hex(value[0]!) + value.slice(1);
  // Separator, line ends, other controls and the escape itself, as Zeek's ASCII writer does.
  return value.replace(/[\p{Cc}\\]/gu, hex);
}

const hex = (character: string) =>
  [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

const seconds = (time: string) => (Date.parse(time) / 1000).toFixed(6);
const interval = (from: string, to: string) => ((Date.parse(to) - Date.parse(from)) / 1000).toFixed(6);
/** 2026-11-20-03-12-00, UTC. */
const stamp = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace(/[T:]/g, '-');
