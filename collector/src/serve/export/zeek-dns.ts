// DNS exchanges as Zeek's dns.log: its fields in its order, those that Foretop does not know unset, then Foretop's own.
import { dnsTypeNumber, rcodeNumber } from '@foretop/proto';
import type { DnsExchange } from '@foretop/proto/api';
import { seconds, type ZeekFields, zeekLog } from './zeek.ts';

const unknown = () => null;
const isAsker = (row: DnsExchange) => row.role === 'client';

/** The originator is who asked. */
const fields: ZeekFields<DnsExchange> = [
  ['ts', 'time', (row) => seconds(row.askedAt)],
  ['uid', 'string', (row) => row.id],
  ['id.orig_h', 'addr', (row) => (isAsker(row) ? null : row.peerAddress)],
  ['id.orig_p', 'port', (row) => (isAsker(row) ? null : row.peerPort)],
  ['id.resp_h', 'addr', (row) => (isAsker(row) ? row.peerAddress : null)],
  ['id.resp_p', 'port', (row) => (isAsker(row) ? row.peerPort : null)],
  ['proto', 'enum', (row) => row.transport],
  ['trans_id', 'count', unknown],
  ['rtt', 'interval', (row) => (row.latencyUs === null ? null : (row.latencyUs / 1_000_000).toFixed(6))],
  ['query', 'string', (row) => row.name],
  ['qclass', 'count', unknown],
  ['qclass_name', 'string', unknown],
  ['qtype', 'count', (row) => dnsTypeNumber(row.type) ?? null],
  ['qtype_name', 'string', (row) => row.type],
  ['rcode', 'count', (row) => (row.rcode === null ? null : (rcodeNumber(row.rcode) ?? null))],
  ['rcode_name', 'string', (row) => row.rcode],
  ['AA', 'bool', unknown],
  ['TC', 'bool', (row) => row.truncated],
  ['RD', 'bool', unknown],
  ['RA', 'bool', unknown],
  ['Z', 'count', unknown],
  ['answers', 'vector[string]', (row) => [...row.canonicalNames, ...row.addresses]],
  ['TTLs', 'vector[interval]', unknown],
  ['rejected', 'bool', (row) => (row.rcode === null ? null : row.rcode === 'REFUSED')],
  ['foretop_host', 'count', (row) => row.hostId],
  ['foretop_pid', 'count', (row) => row.pid],
  ['foretop_process', 'string', (row) => row.process],
  ['foretop_unit', 'string', (row) => row.unit],
  ['foretop_container', 'string', (row) => row.container?.id ?? null],
  ['foretop_kind', 'string', (row) => row.kind],
  ['foretop_role', 'string', (row) => row.role],
  ['foretop_exchanges', 'count', (row) => row.count],
];

export const dnsLog = zeekLog('dns', fields);
