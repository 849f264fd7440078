// What the inspector is given: the payload of one packet with its ends, from the kernel's programs, a packet socket or a file.
import type { OwnerRule } from '@foretop/proto';

export interface PayloadOwner {
  pid: number;
  comm: string;
  uid: number;
  rule: OwnerRule;
}

export interface Payload {
  kind: 'dns' | 'tls' | 'quic';
  /** 0 = unknown: the ends identify the flow. */
  cookie: number;
  protocol: 6 | 17;
  direction: 'rx' | 'tx';
  localAddress(): Uint8Array;
  localPort: number;
  remoteAddress(): Uint8Array;
  remotePort: number;
  boottimeUs: number;
  /** TCP: sequence number of the first byte. */
  sequence: number;
  /** Valid only during the call. */
  bytes: Uint8Array;
  /** Of the packet; larger than `bytes.length` when it was cut. */
  payloadBytes: number;
  owner(): PayloadOwner | undefined;
}

/** A short key of an address: one character a byte. */
export function addressKey(address: Uint8Array): string {
  return String.fromCharCode(...address);
}

/** Names the flow: the socket and its peer, or without a cookie both ends. */
export function flowKey(payload: Payload): string {
  const { cookie, localPort, remotePort, protocol } = payload;
  const peer = `${addressKey(payload.remoteAddress())}/${remotePort}`;
  return cookie === 0
    ? `${protocol}/${addressKey(payload.localAddress())}/${localPort}/${peer}`
    : `${protocol}/${cookie}/${peer}`;
}
