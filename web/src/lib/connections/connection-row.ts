// One connection as tables and the inspector show it, whether it came in a live frame or from the REST API.
import type { Connection } from '@foretop/proto/api';
import type { StateName } from '@foretop/proto/live';
import { visible } from '../format/visible.ts';
import { addressKey, type AddressKey } from '../net/address.ts';

export interface ConnectionRow {
  key: number;
  /** `<hostId>-<16 hex digits>` */
  id: string;
  hostId: number;
  /** The host's name; empty where only one host is shown. */
  host: string;
  /** 0: unknown. */
  cookie: number;
  protocol: 'tcp' | 'udp' | '';
  state: StateName | '';
  direction: number;
  localAddress: string;
  localPort: number;
  localKey: AddressKey | undefined;
  /** Empty for listening and unconnected sockets. */
  remoteAddress: string;
  remotePort: number;
  remoteKey: AddressKey | undefined;
  pid: number | null;
  pidStartTicks: number;
  process: string;
  /** systemd unit and container, where the source of the row says so; empty otherwise. */
  unit: string;
  container: string;
  uid: number;
  startedMs: number;
  startedBefore: boolean;
  /** null while it is open. */
  endedMs: number | null;
  rxBytes: number | null;
  txBytes: number | null;
  rxRate: number | null;
  txRate: number | null;
  rttUs: number | null;
  retransmissions: number | null;
  name: string;
  nameSource: number;
  /** How many short connections the row folds; 1 for a single one. */
  connectionCount: number;
  /** Lower case, for filters. */
  search: string;
  closed: boolean;
}

export const connectionSearch = (row: Omit<ConnectionRow, 'search'>): string =>
  `${row.host} ${row.process} ${row.pid ?? ''} ${row.protocol} ${row.localAddress}:${row.localPort} ${row.remoteAddress}:${row.remotePort} ${row.name} ${row.unit} ${row.container}`.toLowerCase();

const directions = { unknown: 0, inbound: 1, outbound: 2, listen: 3 } as const;
const nameSources = { none: 0, dns: 1, sni: 2, 'reverse-dns': 3 } as const;

/** A connection of the REST API; what never changes is taken over from the row that stood for it before. */
export function rowOfConnection(
  from: Connection,
  key: number,
  host: string,
  before: ConnectionRow | undefined,
): ConnectionRow {
  const process = visible(from.process ?? '');
  const same = before !== undefined && before.pid === from.pid && before.process === process && before.host === host;
  const row: ConnectionRow = {
    key,
    id: from.id,
    hostId: from.hostId,
    host,
    cookie: 0,
    protocol: from.protocol,
    state: from.state,
    direction: directions[from.direction],
    localAddress: from.localAddress,
    localPort: from.localPort,
    localKey: before ? before.localKey : addressKey(from.localAddress, from.localPort),
    remoteAddress: from.remoteAddress ?? '',
    remotePort: from.remotePort ?? 0,
    remoteKey: before ? before.remoteKey : addressKey(from.remoteAddress ?? '', from.remotePort ?? 0),
    pid: from.pid,
    pidStartTicks: 0,
    process,
    unit: same ? before.unit : visible(from.unit ?? ''),
    container: same ? before.container : from.container ? containerText(from.container) : '',
    uid: from.uid,
    startedMs: before ? before.startedMs : Date.parse(from.startedAt),
    startedBefore: from.startedBefore,
    endedMs: from.endedAt === null ? null : Date.parse(from.endedAt),
    rxBytes: from.rxBytes,
    txBytes: from.txBytes,
    rxRate: from.rxRate,
    txRate: from.txRate,
    rttUs: from.rttUs,
    retransmissions: from.retransmissions,
    name: same ? before.name : visible(from.name ?? ''),
    nameSource: nameSources[from.nameSource] ?? 0,
    connectionCount: from.connectionCount,
    search: '',
    closed: false,
  };
  row.search = same ? before.search : connectionSearch(row);
  return row;
}

/** `docker 3f2a9c1b7e4d`: ids are cut as the tools cut them. */
export const containerText = (container: { runtime: string; id: string }): string =>
  visible(`${container.runtime} ${container.id.slice(0, 12)}`);
