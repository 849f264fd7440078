// All TCP and UDP sockets of this network namespace, by netlink: a dump for those that are, multicast for those that end.
import { DiagSocket, type DrainResult } from './netlink.ts';
import { createSocketMessage, readSocketMessage, type SocketMessage } from './sock-message.ts';

// linux/sock_diag.h, linux/inet_diag.h, linux/in.h
const SOCK_DIAG_BY_FAMILY = 20;
const INET_DIAG_INFO_BIT = 1 << 1;
const INET_DIAG_PROTOCOL = 10;
const REQUEST_BYTES = 72;
const DESTROY_GROUPS = 0b1111; // SKNLGRP_INET_TCP_DESTROY 1, _UDP_ 2, _INET6_TCP_ 3, _INET6_UDP_ 4
const AF_INET = 2;
const AF_INET6 = 10;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;

// States 1..12; not TCP_BOUND_INACTIVE (13), which neither listens nor connects.
const ALL_STATES = 0x1ffe;
const TIME_WAIT_BIT = 1 << 6;

// A dump is answered 32 KB at a time; the multicast socket must hold a second's worth of closed sockets between two drains.
const DUMP_RECEIVE_BYTES = 1 << 20;
const EVENT_RECEIVE_BYTES = 16 << 20;

export const dumpKinds = [
  { protocol: IPPROTO_TCP, family: AF_INET, name: 'TCP over IPv4' },
  { protocol: IPPROTO_TCP, family: AF_INET6, name: 'TCP over IPv6' },
  { protocol: IPPROTO_UDP, family: AF_INET, name: 'UDP over IPv4' },
  { protocol: IPPROTO_UDP, family: AF_INET6, name: 'UDP over IPv6' },
] as const;

export interface SocketDump extends Disposable {
  /** Visits every socket of dumpKinds[kind]; the message is overwritten by the next. `restart` says: forget this dump so far. `timeWait`: those in that state too. */
  each(kind: number, visit: (message: SocketMessage) => void, restart: () => void, timeWait?: boolean): void;
}

export interface SocketEvents extends Disposable {
  /** Visits sockets that were destroyed since the last call, with their final counters; never waits. */
  drain(maxMessages: number, visit: (message: SocketMessage) => void): DrainResult;
}

export function openSocketDump(): SocketDump {
  const socket = new DiagSocket({ receiveBytes: DUMP_RECEIVE_BYTES });
  const message = createSocketMessage();
  const requests = dumpKinds.map((kind) => dumpRequest(kind.family, kind.protocol, ALL_STATES));
  const without = dumpKinds.map((kind) => dumpRequest(kind.family, kind.protocol, ALL_STATES & ~TIME_WAIT_BIT));
  return {
    each(kind, visit, restart, timeWait = true) {
      const { protocol } = dumpKinds[kind]!;
      socket.dump((timeWait ? requests : without)[kind]!, restart, (words, bytes, offset, end) => {
        if (readSocketMessage(words, bytes, offset, end, protocol, message)) visit(message);
      });
    },
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}

/** Throws HostError, EPERM without CAP_NET_ADMIN. */
export function openSocketEvents(): SocketEvents {
  const socket = new DiagSocket({ groups: DESTROY_GROUPS, receiveBytes: EVENT_RECEIVE_BYTES });
  const message = createSocketMessage();
  return {
    drain: (maxMessages, visit) =>
      socket.drain(maxMessages, (words, bytes, offset, end) => {
        const protocol = protocolAttribute(words, offset + REQUEST_BYTES, end);
        if (readSocketMessage(words, bytes, offset, end, protocol, message)) visit(message);
      }),
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}

/** `struct nlmsghdr` (filled in when sent) and `struct inet_diag_req_v2`. */
export function dumpRequest(family: number, protocol: number, states: number): Uint8Array {
  const request = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(request.buffer);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  request[16] = family;
  request[17] = protocol;
  request[18] = INET_DIAG_INFO_BIT;
  view.setUint32(20, states, true);
  return request;
}

/** Multicast messages name their protocol in an attribute; 0 when they do not. */
function protocolAttribute(words: Uint32Array, from: number, end: number): number {
  let at = from;
  while (at + 8 <= end) {
    const header = words[at >> 2]!;
    const length = header & 0xffff;
    if (length < 4) return 0;
    if (header >>> 16 === INET_DIAG_PROTOCOL) return words[(at + 4) >> 2]! & 0xff;
    at += (length + 3) & ~3;
  }
  return 0;
}
