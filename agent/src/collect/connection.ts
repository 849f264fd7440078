// One connection as the table keeps it: what the contract shows plus what the next look needs.
import { Direction, OwnerRule } from '@foretop/proto';
import { ratePerSecond } from '../host/counter.ts';
import { IPPROTO_TCP } from '../host/linux/sock-diag.ts';
import { infoThrough, type SocketMessage } from '../host/linux/sock-message.ts';
import {
  type Ending,
  openerOf,
  type Opener,
  receivedPayload,
  receivedPayloadAtEnd,
  TCP_CLOSE,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LISTEN,
  TCP_TIME_WAIT,
  type TcpCounters,
  transmittedPayload,
} from '../host/tcp-payload.ts';
import type { Holder } from './process-tracker.ts';
import { sharedAddress } from './shared-address.ts';
import type { TrackedConnection } from './tick.ts';

export interface ConnectionRecord extends TrackedConnection {
  protocol: 6 | 17;
  /** Index in dumpKinds. */
  kind: number;
  /** In another network namespace than the agent; undefined = no dump has told so far. */
  foreign: boolean | undefined;
  /** The look in which a dump last had it. */
  generation: number;
  /** Last looks in a row whose dump lacked it. */
  missed: number;
  opener: Opener;
  /** A dump saw it half-closed by its own side while a process held it. */
  halfClosed: boolean;
  /** A TIME_WAIT socket with its addresses was seen. */
  hasTimeWait: boolean;
  /** Word of the remote address, to see that a socket was connected anew. */
  remoteWord: number;
  /** Payload that no process was credited with yet. */
  rxUncredited: number;
  txUncredited: number;
  /** When to ask whether the owner still holds it; 0 = not (any more). */
  confirmOwnerUs: number;
  /** Until when its owner is sought; 0 = it was not sought so far. */
  soughtUntilUs: number;
  /** Full searches for its owner so far. */
  searches: number;
  /** Of an inbound one whose own socket was never seen with an inode: the listener that must have accepted it. */
  acceptedBy: ConnectionRecord | undefined;
  /** Counters of the kernel engine, which then count instead of those of a dump. */
  flow: FlowCount | undefined;
  /** The process of `pid` and `pidStartTicks` as it was looked up last. */
  holder: Holder | undefined;
}

/** How the kernel engine's counters of a flow become those of its connection: base + read. */
export interface FlowCount {
  /** What passed before the engine saw the flow; 0 for one that it saw begin. */
  rxBase: number;
  txBase: number;
  rxPacketsBase: number;
  txPacketsBase: number;
  /** The last reading. */
  rxRead: number;
  txRead: number;
  rxPacketsRead: number;
  txPacketsRead: number;
  ipRead: number;
  lastUs: number;
  /** In which reading its counters last changed. */
  reading: number;
  /** Totals that a dump gave since that reading. */
  rxDumped: number | undefined;
  txDumped: number | undefined;
}

const AF_INET6 = 10;
const NO_ADDRESS = new Uint8Array(0);
const MAPPED_PREFIX_WORD = new Uint32Array(new Uint8Array([0, 0, 0xff, 0xff]).buffer)[0]!;

/** `firstKnown`: the agent's first look at sockets of this kind, so it may be of any age. */
export function createConnection(
  message: SocketMessage,
  options: { handle: number; kind: number; startedUs: number; firstKnown: boolean },
): ConnectionRecord {
  const peer = message.remotePort !== 0;
  return {
    handle: options.handle,
    cookie: message.cookie,
    protocol: message.protocol === IPPROTO_TCP ? 6 : 17,
    state: message.state,
    direction: peer ? Direction.DIRECTION_UNKNOWN : Direction.DIRECTION_LISTEN,
    localAddress: sharedAddress(addressBytes(message.family, message.local)),
    localPort: message.localPort,
    remoteAddress: peer ? sharedAddress(addressBytes(message.family, message.remote)) : NO_ADDRESS,
    remotePort: message.remotePort,
    uid: message.uid,
    inode: message.inode,
    startedUs: options.startedUs,
    startedBefore: options.firstKnown,
    pid: 0,
    pidStartTicks: 0,
    comm: '',
    ownerRule: OwnerRule.OWNER_RULE_UNKNOWN,
    name: undefined,
    nameSource: undefined,
    alpn: undefined,
    rxBytes: undefined,
    txBytes: undefined,
    rxPackets: undefined,
    txPackets: undefined,
    rttUs: undefined,
    retransmissions: undefined,
    rxRate: undefined,
    txRate: undefined,
    lastSeenUs: options.startedUs,
    closedUs: undefined,
    remainder: undefined,
    kind: options.kind,
    foreign: undefined,
    generation: 0,
    missed: 0,
    opener: 'unknown',
    halfClosed: false,
    hasTimeWait: false,
    remoteWord: remoteWordOf(message),
    rxUncredited: 0,
    txUncredited: 0,
    confirmOwnerUs: 0,
    soughtUntilUs: 0,
    searches: 0,
    acceptedBy: undefined,
    flow: undefined,
    holder: undefined,
  };
}

/** The same socket with another peer is another connection. */
export function isSameConnection(record: ConnectionRecord, message: SocketMessage): boolean {
  return (
    record.remotePort === message.remotePort &&
    record.localPort === message.localPort &&
    record.remoteWord === remoteWordOf(message)
  );
}

/** Takes in what a dump says now. `baseline`: its bytes up to here were not seen to pass. */
export function updateConnection(
  record: ConnectionRecord,
  message: SocketMessage,
  elapsedUs: number,
  baseline: boolean,
): void {
  record.state = message.state;
  record.uid = message.uid;
  // An orphan, closed by its process but not by TCP, has no inode any more.
  record.inode = message.inode;
  if (message.infoBytes === 0 || message.state === TCP_LISTEN) return;
  if (record.opener === 'unknown') record.opener = openerOf(message);
  if (message.state === TCP_FIN_WAIT1 || message.state === TCP_FIN_WAIT2) record.halfClosed ||= message.inode !== 0;
  const rx = receivedPayload(message);
  const tx = transmittedPayload(message, record.opener);
  if (record.flow) {
    record.flow.rxDumped = rx;
    record.flow.txDumped = tx;
    if (message.rttUs > 0) record.rttUs = message.rttUs;
    return;
  }
  countPayload(record, rx, tx, elapsedUs, baseline);
  readQuality(record, message);
}

/** What is taken of the last message about a socket. */
export type FinalCounters = TcpCounters & Pick<SocketMessage, 'rqueue'> & Quality;

type Quality = Pick<SocketMessage, 'infoBytes' | 'rttUs' | 'totalRetrans' | 'dataSegsIn' | 'dataSegsOut'>;

/** Takes in the last counters of a socket that is gone. */
export function finishConnection(record: ConnectionRecord, last: FinalCounters, elapsedUs: number): void {
  if (record.protocol !== 6 || record.remotePort === 0 || last.infoBytes === 0 || record.flow) return;
  if (record.opener === 'unknown') record.opener = openerOf(last);
  const opener = record.opener === 'unknown' ? openerByDirection(record.direction) : record.opener;
  const lastState = record.generation > 0 ? record.state : 0;
  const ending: Ending = {
    lastState,
    halfClosed: record.halfClosed,
    hasTimeWait: record.hasTimeWait,
    rqueue: last.rqueue,
  };
  countPayload(record, receivedPayloadAtEnd(last, opener, ending), transmittedPayload(last, opener), elapsedUs, false);
  readQuality(record, last);
}

/** Has a peer and carries or may carry data. */
export function isOpen(connection: TrackedConnection): boolean {
  return (
    connection.remotePort !== 0 &&
    connection.state !== TCP_TIME_WAIT &&
    !(connection.protocol === 6 && connection.state === TCP_CLOSE)
  );
}

/** What is left when a connection is over: the kernel keeps addresses, but neither process nor counters. */
export function isTimeWait(message: SocketMessage): boolean {
  return (
    message.protocol === IPPROTO_TCP &&
    message.infoBytes === 0 &&
    (message.state === TCP_TIME_WAIT || message.state === TCP_FIN_WAIT2)
  );
}

/** Text that two sockets share only when all of protocol, addresses and ports are equal. */
export function tupleKey(
  connection: Pick<TrackedConnection, 'protocol' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>,
): string {
  const local = connection.localAddress.join('.');
  return `${connection.protocol} ${local} ${connection.localPort} ${connection.remoteAddress.join('.')} ${connection.remotePort}`;
}

export function sameAddress(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Takes in totals. `baseline`: they passed before anybody looked, so that nobody is credited with them. */
export function countPayload(
  record: ConnectionRecord,
  rx: number | undefined,
  tx: number | undefined,
  elapsedUs: number,
  baseline: boolean,
): void {
  if (rx === undefined || tx === undefined) return;
  const rxBefore = record.rxBytes ?? 0;
  const txBefore = record.txBytes ?? 0;
  // Totals never fall: a socket that was reset by its process comes back with counters at zero.
  record.rxBytes = Math.max(rxBefore, rx);
  record.txBytes = Math.max(txBefore, tx);
  if (baseline) return;
  const rxDelta = record.rxBytes - rxBefore;
  const txDelta = record.txBytes - txBefore;
  record.rxUncredited += rxDelta;
  record.txUncredited += txDelta;
  if (elapsedUs <= 0) return;
  record.rxRate = ratePerSecond(rxDelta, elapsedUs);
  record.txRate = ratePerSecond(txDelta, elapsedUs);
}

function readQuality(record: ConnectionRecord, info: Quality): void {
  if (info.rttUs > 0) record.rttUs = info.rttUs;
  record.retransmissions = Math.max(record.retransmissions ?? 0, info.totalRetrans);
  if (info.infoBytes < infoThrough.dataSegs) return;
  record.rxPackets = Math.max(record.rxPackets ?? 0, info.dataSegsIn);
  record.txPackets = Math.max(record.txPackets ?? 0, info.dataSegsOut);
}

function openerByDirection(direction: Direction): Opener {
  if (direction === Direction.DIRECTION_INBOUND) return 'passive';
  return direction === Direction.DIRECTION_OUTBOUND ? 'active' : 'unknown';
}

function remoteWordOf(message: SocketMessage): number {
  return message.family === AF_INET6 ? message.remote[3]! : message.remote[0]!;
}

/** 4 bytes for IPv4 and IPv4-mapped addresses (RFC 4291 section 2.5.5.2), else 16. */
export function addressBytes(family: number, words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, 16);
  if (family !== AF_INET6) return bytes.slice(0, 4);
  const mapped = words[0] === 0 && words[1] === 0 && words[2] === MAPPED_PREFIX_WORD;
  return mapped ? bytes.slice(12, 16) : bytes.slice();
}
