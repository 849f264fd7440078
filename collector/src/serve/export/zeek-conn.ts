// Connections as Zeek's conn.log: fields that Foretop knows, then its own.
import type { Connection } from '@foretop/proto/api';
import { seconds, type ZeekFields, zeekLog } from './zeek.ts';

/** Name, Zeek's type, value. The originator is whoever opened the connection; this side where that is not known. */
const fields: ZeekFields<Connection> = [
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
const interval = (from: string, to: string) => ((Date.parse(to) - Date.parse(from)) / 1000).toFixed(6);

/** Without sockets that have no peer, since conn.log has none. */
export const connLog = zeekLog('conn', fields, (row: Connection) => row.remoteAddress !== null);
