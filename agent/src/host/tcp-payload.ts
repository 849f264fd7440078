// From the kernel's TCP byte counters to payload: takes out the sequence numbers that SYN and FIN use up.
//
// bytes_acked follows snd_una: an active opener's starts at the SYN (+1), a passive opener's behind it; an acknowledged FIN
// adds 1. bytes_received follows rcv_nxt from behind the SYN; a received FIN adds 1. bytes_sent and bytes_retrans count payload
// only (net/ipv4/tcp_input.c tcp_snd_una_update, tcp_rcv_nxt_update; tcp_output.c __tcp_transmit_skb; Linux 6.18).
import { infoThrough } from './linux/sock-message.ts';

// include/net/tcp_states.h
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_SYN_RECV = 3;
export const TCP_FIN_WAIT1 = 4;
export const TCP_FIN_WAIT2 = 5;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LAST_ACK = 9;
export const TCP_LISTEN = 10;
export const TCP_CLOSING = 11;
export const TCP_NEW_SYN_RECV = 12;

export type Opener = 'active' | 'passive' | 'unknown';

export interface TcpCounters {
  infoBytes: number;
  /** tcpi_state: read together with the counters, unlike idiag_state. */
  infoState: number;
  unacked: number;
  bytesAcked: number;
  bytesReceived: number;
  bytesSent: number;
  bytesRetrans: number;
}

/** What is known about how a connection ended, besides its last counters. */
export interface Ending {
  /** State in the last dump; 0 when no dump saw it. */
  lastState: number;
  /** A dump saw it half-closed by its own side while a process still held it. */
  halfClosed: boolean;
  /** A TIME_WAIT or FIN_WAIT_2 remainder with the same addresses exists. */
  hasTimeWait: boolean;
  /** Bytes that arrived and were not read by the process, a FIN included. */
  rqueue: number;
}

/** Who opened a connection, as far as its counters tell; 'unknown' while data is in flight or without bytes_sent (Linux < 4.19). */
export function openerOf(counters: TcpCounters): Opener {
  const state = counters.infoState;
  if (state === TCP_SYN_SENT) return 'active';
  if (state === TCP_SYN_RECV || state === TCP_NEW_SYN_RECV) return 'passive';
  if (counters.infoBytes < infoThrough.bytesReceived) return 'unknown';
  if (counters.bytesAcked === 0) return state === TCP_ESTABLISHED || state === TCP_CLOSE_WAIT ? 'passive' : 'unknown';
  const sent = sentPayload(counters);
  if (sent === undefined) return 'unknown';
  const excess = counters.bytesAcked - sent;
  if (state === TCP_ESTABLISHED || state === TCP_CLOSE_WAIT) {
    if (excess >= 1) return 'active';
    return counters.unacked === 0 ? 'passive' : 'unknown';
  }
  // The FIN is acknowledged here, unless RST cut it short: two numbers beyond the payload are SYN and FIN.
  if (excess >= 2) return 'active';
  return state === TCP_FIN_WAIT2 && excess === 1 ? 'passive' : 'unknown';
}

/** Payload that the peer acknowledged. While the opener is unknown at most one byte low, never high. */
export function transmittedPayload(counters: TcpCounters, opener: Opener): number | undefined {
  if (counters.infoBytes < infoThrough.bytesReceived) return undefined;
  const own = Math.max(0, counters.bytesAcked - (opener === 'passive' ? 0 : 1));
  const sent = sentPayload(counters);
  if (sent !== undefined && opener === 'unknown') return counters.bytesAcked > sent ? sent : own;
  // One beyond what was sent is the FIN; more means that bytes_retrans counted what never left (ENOBUFS below TCP).
  if (sent !== undefined && own - sent <= 1) return Math.min(own, sent);
  return Math.max(0, own - (finAckedIn(counters.infoState) ? 1 : 0));
}

/** Payload received while the socket stands. */
export function receivedPayload(counters: TcpCounters): number | undefined {
  if (counters.infoBytes < infoThrough.bytesReceived) return undefined;
  return Math.max(0, counters.bytesReceived - (finReceivedIn(counters.infoState) ? 1 : 0));
}

/**
 * Payload received by a socket that is gone; its state is then always CLOSE, so that the FIN must be inferred.
 * One case cannot be told: a socket that a process half-closed, drained and closed between two dumps is one byte high.
 */
export function receivedPayloadAtEnd(counters: TcpCounters, opener: Opener, ending: Ending): number | undefined {
  if (counters.infoBytes < infoThrough.bytesReceived) return undefined;
  return Math.max(0, counters.bytesReceived - (finReceivedAtEnd(counters, opener, ending) ? 1 : 0));
}

function finReceivedAtEnd(counters: TcpCounters, opener: Opener, ending: Ending): boolean {
  if (finReceivedIn(ending.lastState)) return true;
  const sent = sentPayload(counters);
  // Without an acknowledged FIN of our own the connection was reset, as a rule before any FIN came in.
  const own = counters.bytesAcked - (opener === 'active' ? 1 : 0);
  if (sent !== undefined && own <= sent) return false;
  // Unread: the process had read all data and closed, then the FIN came.
  if (ending.rqueue > 0) return ending.rqueue === 1;
  // Read to the end. Without a remainder this side closed second (LAST_ACK); with one it closed first, and the kernel
  // replaced the socket by the remainder as soon as its FIN was acknowledged.
  return !ending.hasTimeWait || ending.halfClosed;
}

function sentPayload(counters: TcpCounters): number | undefined {
  return counters.infoBytes >= infoThrough.bytesRetrans ? counters.bytesSent - counters.bytesRetrans : undefined;
}

function finAckedIn(state: number): boolean {
  return state === TCP_FIN_WAIT2 || state === TCP_TIME_WAIT;
}

function finReceivedIn(state: number): boolean {
  return state === TCP_CLOSE_WAIT || state === TCP_LAST_ACK || state === TCP_CLOSING || state === TCP_TIME_WAIT;
}
