// QUIC packets with a long header (RFC 8999, RFC 9000 section 17.2, RFC 9369). Their payload is encrypted and stays so.
import { hexBytes, hexNumber, u32, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';

const types = ['Initial', '0-RTT', 'Handshake', 'Retry'] as const;
/** RFC 9369, section 3.2. */
const version2 = 0x6b33_43cf;
const mostIdBytes = 20;
const mostPackets = 8;

/** Versions that are or were in use: 1, 2, drafts, Google's own, those that only provoke a negotiation (RFC 9000 section 15). */
const isVersion = (version: number): boolean =>
  version <= 1 ||
  version === version2 ||
  version === 0x709a_50c4 ||
  version >>> 8 === 0xff_0000 ||
  (version & 0x0f0f_0f0f) === 0x0a0a_0a0a ||
  version >>> 16 === 0x5130 ||
  version >>> 16 === 0x5430 ||
  version >>> 12 === 0xface_b;

export function isLongHeader(bytes: Uint8Array, from: number, end: number): boolean {
  if (end - from < 7 || u8(bytes, from) < 0x80) return false;
  const version = u32(bytes, from + 1);
  const [destination, source] = [u8(bytes, from + 5), u8(bytes, from + 6 + u8(bytes, from + 5))];
  return (
    (version === 0 || u8(bytes, from) >= 0xc0) &&
    isVersion(version) &&
    destination <= mostIdBytes &&
    source <= mostIdBytes &&
    from + 7 + destination + source <= end
  );
}

export function quic(d: Dissection, from: number, end: number): void {
  const told: string[] = [];
  let at: number | undefined = from;
  for (let count = 0; at !== undefined && count < mostPackets && isLongHeader(d.bytes, at, end); count++)
    at = packet(d, at, end, told);
  d.column('QUIC', told.join('; '));
}

/** @returns where another one may begin. */
function packet(d: Dissection, from: number, end: number, told: string[]): number | undefined {
  const { bytes } = d;
  const version = u32(bytes, from + 1);
  d.layer('QUIC IETF', from, end);
  d.field('Header form', 'Long Header', from, 1);
  d.field('Version', hexNumber(version, 8), from + 1, 4);
  const idAt = from + 6;
  const sourceAt = idAt + u8(bytes, from + 5) + 1;
  const [destination, source] = [
    hexBytes(bytes, idAt, sourceAt - 1),
    hexBytes(bytes, sourceAt, sourceAt + u8(bytes, sourceAt - 1)),
  ];
  d.field('Destination connection ID', destination || 'empty', idAt, sourceAt - 1 - idAt);
  d.field('Source connection ID', source || 'empty', sourceAt, u8(bytes, sourceAt - 1));
  const kind = kindOf(u8(bytes, from), version);
  d.field('Packet type', kind, from, 1);
  told.push(`${kind}${destination && `, DCID=${destination}`}${source && `, SCID=${source}`}`);
  if (kind === 'Retry' || kind === 'Version Negotiation') return undefined;
  let at = sourceAt + u8(bytes, sourceAt - 1);
  if (kind === 'Initial') {
    const token = varint(bytes, at, end);
    if (!token) return undefined;
    d.field('Token length', token.value, at, token.size);
    at += token.size + token.value;
  }
  const length = varint(bytes, at, end);
  if (!length) return undefined;
  d.field('Length', length.value, at, length.size);
  const after = at + length.size + length.value;
  if (after > end) return undefined;
  d.endLayer(after);
  return after;
}

function kindOf(first: number, version: number): string {
  if (version === 0) return 'Version Negotiation';
  const bits = (first >> 4) & 3;
  return types[version === version2 ? (bits + 3) & 3 : bits]!;
}

/** RFC 9000, section 16. */
function varint(bytes: Uint8Array, at: number, end: number): { value: number; size: number } | undefined {
  if (at >= end) return undefined;
  const size = 1 << (u8(bytes, at) >> 6);
  if (at + size > end) return undefined;
  let value = u8(bytes, at) & 0x3f;
  for (let index = 1; index < size; index++) value = value * 256 + u8(bytes, at + index);
  return { value, size };
}
