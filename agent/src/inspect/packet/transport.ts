// What is left of a packet once links, tunnels and IP are taken off: TCP and UDP heads, and ICMP's word that a port is closed.
import { protocols } from '@foretop/proto';
import { readU16, readU32 } from '../bytes.ts';

export const tcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

/** All byte arrays are views into the packet. */
export interface Transport {
  protocol: 6 | 17;
  source: Uint8Array;
  destination: Uint8Array;
  sourcePort: number;
  destinationPort: number;
  payload: Uint8Array;
  /** On the wire; larger than `payload` when the capture cut the packet. */
  payloadBytes: number;
  /** TCP only. */
  sequence: number;
  flags: number;
  timeUs: number;
}

/** An ICMP message that says a port is closed: whose packet it was, and where it went. */
export interface PortUnreachable {
  protocol: number;
  source: Uint8Array;
  destination: Uint8Array;
  sourcePort: number;
  destinationPort: number;
  timeUs: number;
}

export interface Ends {
  source: Uint8Array;
  destination: Uint8Array;
}

const udpHeaderBytes = 8;
const tcpHeaderBytes = 20;

/** @param wireBytes of the segment; what is beyond `bytes` was not captured. */
export function readUdp(bytes: Uint8Array, wireBytes: number, ends: Ends, timeUs: number): Transport | undefined {
  if (bytes.length < udpHeaderBytes) return undefined;
  // 0 is IPv6's way to say that the length does not fit (RFC 2675).
  const claimed = readU16(bytes, 4);
  const end = claimed >= udpHeaderBytes && claimed < wireBytes ? claimed : wireBytes;
  return {
    protocol: protocols.udp,
    ...ends,
    sourcePort: readU16(bytes, 0),
    destinationPort: readU16(bytes, 2),
    payload: bytes.subarray(udpHeaderBytes, end),
    payloadBytes: end - udpHeaderBytes,
    sequence: 0,
    flags: 0,
    timeUs,
  };
}

export function readTcp(bytes: Uint8Array, wireBytes: number, ends: Ends, timeUs: number): Transport | undefined {
  if (bytes.length < tcpHeaderBytes) return undefined;
  const headerBytes = (bytes[12]! >> 4) * 4;
  if (headerBytes < tcpHeaderBytes || headerBytes > wireBytes) return undefined;
  return {
    protocol: protocols.tcp,
    ...ends,
    sourcePort: readU16(bytes, 0),
    destinationPort: readU16(bytes, 2),
    payload: bytes.subarray(headerBytes),
    payloadBytes: wireBytes - headerBytes,
    sequence: readU32(bytes, 4),
    flags: bytes[13]! & 0x3f,
    timeUs,
  };
}

/** RFC 792: destination unreachable, port unreachable, with the head of the packet that caused it. */
export function readIcmpUnreachable(bytes: Uint8Array, timeUs: number): PortUnreachable | undefined {
  if (bytes.length < 8 + 20 || bytes[0] !== 3 || bytes[1] !== 3) return undefined;
  const inner = bytes.subarray(8);
  const header = (inner[0]! & 15) * 4;
  if (inner[0]! >> 4 !== 4 || header < 20) return undefined;
  return refused(inner, header, inner[9]!, inner.subarray(12, 16), inner.subarray(16, 20), timeUs);
}

/** RFC 4443, section 3.1. */
export function readIcmp6Unreachable(bytes: Uint8Array, timeUs: number): PortUnreachable | undefined {
  if (bytes.length < 8 + 40 || bytes[0] !== 1 || bytes[1] !== 4) return undefined;
  const inner = bytes.subarray(8);
  if (inner[0]! >> 4 !== 6) return undefined;
  return refused(inner, 40, inner[6]!, inner.subarray(8, 24), inner.subarray(24, 40), timeUs);
}

function refused(
  packet: Uint8Array,
  header: number,
  protocol: number,
  source: Uint8Array,
  destination: Uint8Array,
  timeUs: number,
): PortUnreachable | undefined {
  if (packet.length < header + 4) return undefined;
  const [sourcePort, destinationPort] = [readU16(packet, header), readU16(packet, header + 2)];
  return { protocol, source, destination, sourcePort, destinationPort, timeUs };
}
