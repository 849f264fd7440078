// The client's hello of Google's QUIC before it became TLS: a table of tags (QUIC crypto, "CHLO").
import { asciiText, readU16Le, readU32, readU32Le } from '../bytes.ts';
import { isClearGoogleVersion } from './versions.ts';

const tags = { chlo: 0x43_48_4c_4f, sni: 0x53_4e_49_00 } as const;
/** Public header, packet number, hash and frame header come before it. */
const searchBytes = 96;
const tagBytes = 8;
const maxTags = 128;
const maxNameBytes = 255;

/** @returns the server's name, undefined when this is no such hello, '' when it names none. */
export function googleServerName(packet: Uint8Array): string | undefined {
  const last = Math.min(searchBytes, packet.length - tagBytes);
  for (let at = 0; at <= last; at++) if (readU32(packet, at) === tags.chlo) return readNameTag(packet, at);
  return undefined;
}

function readNameTag(packet: Uint8Array, chlo: number): string | undefined {
  const count = readU16Le(packet, chlo + 4);
  const values = chlo + tagBytes + count * tagBytes;
  if (count > maxTags || values > packet.length) return undefined;
  let start = values;
  for (let tag = chlo + tagBytes; tag < values; tag += tagBytes) {
    const end = values + readU32Le(packet, tag + 4);
    if (end < start || end > packet.length) return '';
    if (readU32(packet, tag) === tags.sni)
      return end - start <= maxNameBytes ? asciiText(packet, start, end).toLowerCase() : '';
    start = end;
  }
  return '';
}

/** Whether a packet has the public header of gQUIC with a version (up to Q043), or its later long header (Q046 to Q048). */
export function isClearGooglePacket(bytes: Uint8Array): boolean {
  if (bytes.length < 16) return false;
  const flags = bytes[0]!;
  if ((flags & 0x80) !== 0) return isClearGoogleVersion(readU32(bytes, 1));
  return (flags & 0x01) !== 0 && isClearGoogleVersion(readU32(bytes, (flags & 0x08) !== 0 ? 9 : 1));
}
