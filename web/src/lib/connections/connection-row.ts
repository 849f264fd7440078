// One connection as the inspector and the cells of a table show it, whether it came in a live frame or from the REST API.
import type { StateName } from '@foretop/proto/live';
import { visible } from '../format/visible.ts';
import type { RowPlaceWords } from './place-index.ts';

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
  /** Empty for listening and unconnected sockets. */
  remoteAddress: string;
  remotePort: number;
  pid: number | null;
  pidStartTicks: number;
  /** By what the owner was found, as in ownerRules. */
  ownerRule: number;
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
  /** What the client's TLS or QUIC hello offered first, such as h2; empty when none was seen. */
  alpn: string;
  /** How many short connections the row folds; 1 for a single one. */
  connectionCount: number;
  /** Of the remote address; undefined where it has none, or none is known. */
  place: RowPlaceWords | undefined;
  closed: boolean;
}

/** By their numbers in facts.proto. */
export const directionNames = ['unknown', 'inbound', 'outbound', 'listen'] as const;
export const nameSources = ['none', 'dns', 'sni', 'reverse-dns'] as const;
export const ownerRules = ['unknown', 'connect', 'accept', 'holder', 'create', 'close', 'listener', 'kernel'] as const;

/** The owner was not seen to use the socket: it holds the listening one from which it came. */
export const isInferredOwner = (row: Pick<ConnectionRow, 'ownerRule'>): boolean =>
  ownerRules[row.ownerRule] === 'listener';

/** `docker 3f2a9c1b7e4d`: ids are cut as the tools cut them. */
export const containerText = (container: { runtime: string; id: string }): string =>
  visible(`${container.runtime} ${container.id.slice(0, 12)}`);

const hex = (word: number) => word.toString(16).padStart(8, '0');

/** Empty for a row without an id. */
export const connectionId = (hostId: number, high: number, low: number): string =>
  hostId === 0 ? '' : `${hostId}-${hex(high)}${hex(low)}`;

/** Host and the two halves of the number in `<hostId>-<16 hex digits>`; zeros when the text is no id. */
export function idParts(text: string): { hostId: number; high: number; low: number } {
  const match = /^(\d{1,10})-([0-9a-f]{8})([0-9a-f]{8})$/.exec(text);
  if (!match) return { hostId: 0, high: 0, low: 0 };
  return { hostId: Number(match[1]), high: Number.parseInt(match[2]!, 16), low: Number.parseInt(match[3]!, 16) };
}
