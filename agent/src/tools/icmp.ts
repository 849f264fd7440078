// ICMP and ICMPv6 (RFC 792, RFC 4443) as far as probes need them: echoes, and what routers and hosts say of packets they do not take.
import { readU16 } from '../inspect/bytes.ts';

const echoRequest = { 4: 8, 6: 128 } as const;
const echoReply = { 4: 0, 6: 129 } as const;
const headerBytes = 8;

export interface Echo {
  identifier: number;
  sequence: number;
  payload: Uint8Array;
}

/** With its checksum; the kernel makes that of ICMPv6, and of sockets that it numbers itself, anew. */
export function encodeEcho(version: 4 | 6, { identifier, sequence, payload }: Echo): Uint8Array {
  const bytes = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, echoRequest[version]);
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  bytes.set(payload, headerBytes);
  view.setUint16(2, internetChecksum(bytes));
  return bytes;
}

/** undefined: it is none. */
export function readEchoReply(version: 4 | 6, bytes: Uint8Array): Echo | undefined {
  return readEcho(bytes, echoReply[version]);
}

/** Of an error: the request that it quotes, as far as it is quoted. */
export function readQuotedEcho(version: 4 | 6, bytes: Uint8Array): Echo | undefined {
  return readEcho(bytes, echoRequest[version]);
}

function readEcho(bytes: Uint8Array, type: number): Echo | undefined {
  if (bytes.length < headerBytes || bytes[0] !== type || bytes[1] !== 0) return undefined;
  return { identifier: readU16(bytes, 4), sequence: readU16(bytes, 6), payload: bytes.subarray(headerBytes) };
}

/** What an error means for whoever sent the packet. */
export type ErrorMeaning = 'expired' | 'port-closed' | 'unreachable';

export function meaningOf(version: 4 | 6, { type, code }: { type: number; code: number }): ErrorMeaning {
  if (version === 4) return type === 11 ? 'expired' : type === 3 && code === 3 ? 'port-closed' : 'unreachable';
  return type === 3 ? 'expired' : type === 1 && code === 4 ? 'port-closed' : 'unreachable';
}

/** RFC 1071; of an odd number of bytes too. */
export function internetChecksum(...parts: Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) for (let at = 0; at < part.length; at += 2) sum += (part[at]! << 8) | (part[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
