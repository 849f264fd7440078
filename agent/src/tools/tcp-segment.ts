// TCP segments (RFC 9293) of probes: a SYN out, and what comes back read.
import { readU16, readU32 } from '../inspect/bytes.ts';
import { internetChecksum } from './icmp.ts';

const protocolTcp = 6;
const headerBytes = 20;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
/** Offered by a SYN; small segments, since none will follow. */
const maximumSegment = Uint8Array.of(2, 4, 0x05, 0xb4);
const windowBytes = 64_240;

export interface Syn {
  local: Uint8Array;
  remote: Uint8Array;
  localPort: number;
  remotePort: number;
  sequence: number;
}

export function encodeSyn({ local, remote, localPort, remotePort, sequence }: Syn): Uint8Array {
  const bytes = new Uint8Array(headerBytes + maximumSegment.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, localPort);
  view.setUint16(2, remotePort);
  view.setUint32(4, sequence);
  view.setUint8(12, (bytes.length / 4) << 4);
  view.setUint8(13, SYN);
  view.setUint16(14, windowBytes);
  bytes.set(maximumSegment, headerBytes);
  view.setUint16(16, internetChecksum(pseudoHeader(local, remote, bytes.length), bytes));
  return bytes;
}

export interface SynAnswer {
  remotePort: number;
  kind: 'open' | 'closed';
  /** What it acknowledges, less one: the SYN's own number. */
  sequence: number;
}

/** undefined: no answer to a SYN from one of these ports. */
export function readSynAnswer(bytes: Uint8Array, localPorts: readonly number[]): SynAnswer | undefined {
  if (bytes.length < headerBytes || !localPorts.includes(readU16(bytes, 2))) return undefined;
  const flags = bytes[13]!;
  const answers = (flags & ACK) !== 0 && (flags & (SYN | RST)) !== 0;
  if (!answers) return undefined;
  const sequence = (readU32(bytes, 8) - 1) >>> 0;
  return { remotePort: readU16(bytes, 0), kind: flags & RST ? 'closed' : 'open', sequence };
}

/** Of an ICMP error: routers quote eight bytes at least. undefined: it is about something else. */
export function readQuotedSyn(
  bytes: Uint8Array,
  localPorts: readonly number[],
): { remotePort: number; sequence: number } | undefined {
  if (bytes.length < 8 || !localPorts.includes(readU16(bytes, 0))) return undefined;
  return { remotePort: readU16(bytes, 2), sequence: readU32(bytes, 4) };
}

/** RFC 9293 section 3.1, RFC 8200 section 8.1; their sums are the same. */
function pseudoHeader(local: Uint8Array, remote: Uint8Array, length: number): Uint8Array {
  return Uint8Array.of(...local, ...remote, 0, protocolTcp, length >> 8, length & 0xff);
}
