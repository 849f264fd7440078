// The long header of QUIC packets (RFC 8999, RFC 9000 section 17.2).
import { readU32 } from '../bytes.ts';

export interface LongHeader {
  version: number;
  /** Of the two bits; their meaning depends on the version. */
  type: number;
  destinationId: Uint8Array;
  /** Where the part begins that depends on the type. */
  next: number;
}

const maxConnectionIdBytes = 20;

/** With the fixed bit, which an Initial packet always has in practice and RTP does not. */
export function hasLongHeader(bytes: Uint8Array, start: number): boolean {
  return start + 7 <= bytes.length && (bytes[start]! & 0xc0) === 0xc0;
}

/** @returns undefined when it is not whole or not one. */
export function readLongHeader(bytes: Uint8Array, start: number): LongHeader | undefined {
  if (!hasLongHeader(bytes, start)) return undefined;
  const destination = start + 6;
  const destinationEnd = destination + bytes[start + 5]!;
  if (bytes[start + 5]! > maxConnectionIdBytes || destinationEnd >= bytes.length) return undefined;
  const sourceBytes = bytes[destinationEnd]!;
  const next = destinationEnd + 1 + sourceBytes;
  if (sourceBytes > maxConnectionIdBytes || next > bytes.length) return undefined;
  return {
    version: readU32(bytes, start + 1),
    type: (bytes[start]! >> 4) & 3,
    destinationId: bytes.subarray(destination, destinationEnd),
    next,
  };
}
