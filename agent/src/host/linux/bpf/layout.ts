// Where things stand in the structures of agent/bpf/common.h, payload.h and scans.h; 64-bit numbers as two words.
export const flowBytes = 168;
export const ownerBytes = 48;
export const udpKeyBytes = 32;
export const actorBytes = 24;

/** Offsets in bytes inside `struct flow`. */
export const flowAt = {
  last: 0,
  rxBytes: 8,
  txBytes: 16,
  rxPackets: 24,
  txPackets: 32,
  rxIpBytes: 40,
  txIpBytes: 48,
  rtt: 56,
  retransmissions: 60,
  localPort: 112,
  remotePort: 114,
  protocol: 116,
  role: 117,
  ended: 118,
  first: 128,
  local: 136,
  remote: 152,
} as const;

/** Inside `struct owner`; `struct actor` begins it. */
export const ownerAt = { pid: 0, uid: 4, comm: 8, rule: 24 } as const;

/** Inside `struct event`, `struct closed_event` and `struct payload_event`. */
export const eventAt = { type: 0, length: 4, cookie: 8, time: 16, actor: 24, rule: 48, flow: 56 } as const;
export const payloadAt = {
  local: 56,
  remote: 72,
  localPort: 88,
  remotePort: 90,
  protocol: 92,
  kind: 93,
  transmitted: 94,
  sequence: 96,
  payloadBytes: 100,
  step: 104,
  bytes: 112,
} as const;

export const EVENT_CLOSED = 1;
export const EVENT_RELEASED = 2;
export const EVENT_PAYLOAD = 3;

export const payloadKinds = { dns: 1, tls: 2, quic: 4 } as const;

/** Indices into the map `counters`. */
export const counterAt = {
  eventsLost: 0,
  flowsRefused: 1,
  ownersRefused: 2,
  scansRefused: 3,
  flows: 4,
  owners: 5,
  otherRxIpBytes: 6,
  otherTxIpBytes: 7,
} as const;

/** Inside `struct scan_key` and `struct scan`. */
export const scanKeyAt = { source: 0, local: 16, localPort: 32, kind: 34, bytes: 36 } as const;
export const scanAt = { packets: 0, first: 8, last: 16, bytes: 24 } as const;

/** Of a port in the map `ports`, in words. */
export const portMarkWords = { tcp: 0, udp: 1, stride: 2 } as const;

const WORD = 2 ** 32;

/** The 64-bit number that begins at a byte offset divisible by 4. */
export function readU64(words: Uint32Array, byteOffset: number): number {
  const at = byteOffset >> 2;
  return words[at]! + words[at + 1]! * WORD;
}

/** 4 bytes of an address that IPv6 maps from IPv4, otherwise all 16; a copy. */
export function readAddress(bytes: Uint8Array, offset: number): Uint8Array {
  const mapped = bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff && isZero(bytes, offset, 10);
  return mapped ? bytes.slice(offset + 12, offset + 16) : bytes.slice(offset, offset + 16);
}

function isZero(bytes: Uint8Array, offset: number, length: number): boolean {
  for (let i = offset; i < offset + length; i++) if (bytes[i] !== 0) return false;
  return true;
}
