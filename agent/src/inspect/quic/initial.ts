// Initial packets in a datagram: found, and opened with the client's keys (RFC 9001, section 5).
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { InitialKeys } from './keys.ts';
import { readLongHeader } from './long-header.ts';
import { VarintCursor } from './varint.ts';
import { type InitialScheme, initialSchemes } from './versions.ts';

const sampleBytes = 16;
const tagBytes = 16;
/** Several packets share a datagram; honest ones are at most one of each type, or a few Initials. */
const maxPackets = 8;

export interface ProtectedInitial {
  version: number;
  schemes: readonly InitialScheme[];
  destinationId: Uint8Array;
  /** Within the datagram. */
  start: number;
  packetNumberAt: number;
  end: number;
}

/** Packets of a type that some scheme of their version calls Initial. */
export function findInitials(datagram: Uint8Array): ProtectedInitial[] {
  const found: ProtectedInitial[] = [];
  for (let start = 0, packets = 0; packets < maxPackets; packets++) {
    const header = readLongHeader(datagram, start);
    if (!header) break;
    const all = initialSchemes(header.version);
    const schemes = all.filter(({ initialType }) => initialType === header.type);
    if (all.length === 0 || (schemes.length === 0 && all.every(({ retryType }) => retryType === header.type))) break;
    const cursor = new VarintCursor(datagram, header.next);
    if (schemes.length > 0) {
      const tokenBytes = cursor.read();
      if (tokenBytes < 0) break;
      cursor.at += tokenBytes;
    }
    const length = cursor.read();
    const end = cursor.at + length;
    if (length < 0 || end > datagram.length) break;
    if (schemes.length > 0 && length >= 4 + sampleBytes) {
      const { version, destinationId } = header;
      found.push({ version, schemes, destinationId, start, packetNumberAt: cursor.at, end });
    }
    start = end;
  }
  return found;
}

/** @returns the frames, or undefined when the keys do not fit. */
export function openInitial(datagram: Uint8Array, packet: ProtectedInitial, keys: InitialKeys): Buffer | undefined {
  const { start, packetNumberAt, end } = packet;
  const sample = datagram.subarray(packetNumberAt + 4, packetNumberAt + 4 + sampleBytes);
  const mask = createCipheriv('aes-128-ecb', keys.headerProtection, null).update(sample);
  const first = datagram[start]! ^ (mask[0]! & 0x0f);
  const packetNumberBytes = (first & 3) + 1;
  const payload = packetNumberAt + packetNumberBytes;
  if (payload + tagBytes > end) return undefined;
  const header = Buffer.from(datagram.subarray(start, payload));
  const nonce = Buffer.from(keys.iv);
  header[0] = first;
  for (let index = 0; index < packetNumberBytes; index++) {
    const byte = datagram[packetNumberAt + index]! ^ mask[1 + index]!;
    header[packetNumberAt - start + index] = byte;
    nonce[nonce.length - packetNumberBytes + index]! ^= byte;
  }
  const opener = createDecipheriv('aes-128-gcm', keys.key, nonce);
  opener.setAAD(header).setAuthTag(datagram.subarray(end - tagBytes, end));
  const frames = opener.update(datagram.subarray(payload, end - tagBytes));
  try {
    opener.final();
  } catch {
    return undefined; // not authentic: other keys, or not a client's packet
  }
  return frames;
}
