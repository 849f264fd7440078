// Packs a PNG of a user interface tighter than the browser does: the same pixels without row filters, which only spoil the
// repetitions that flat colours and letters are full of.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const signatureBytes = 8;
/** 8 bits of red, green and blue, as Chromium takes pictures of opaque pages. */
const pixelBytes = 3;

export function smallPng(png: Buffer): Buffer {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = signatureBytes; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  const header = chunks[0]!.data;
  if (header[8] !== 8 || header[9] !== 2)
    throw new Error(`a PNG of 8-bit RGB is required, found ${header.toString('hex')}`);
  const rows = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  removeFilters(rows, header.readUInt32BE(0) * pixelBytes + 1);
  const packed = { type: 'IDAT', data: deflateSync(rows, { level: 9, memLevel: 9 }) };
  const kept = chunks.filter(({ type }) => type !== 'IDAT' && type !== 'IEND');
  return Buffer.concat([
    png.subarray(0, signatureBytes),
    ...[...kept, packed, { type: 'IEND', data: Buffer.alloc(0) }].map(({ type, data }) => chunk(type, data)),
  ]);
}

/** In place: PNG (ISO/IEC 15948) section 9.2. Each row begins with the number of its filter. */
function removeFilters(rows: Buffer, rowBytes: number): void {
  for (let start = 0; start < rows.length; start += rowBytes) {
    const filter = rows[start]!;
    for (let at = start + 1; at < start + rowBytes; at++) {
      const isFirst = at <= start + pixelBytes;
      const left = isFirst ? 0 : rows[at - pixelBytes]!;
      const above = start === 0 ? 0 : rows[at - rowBytes]!;
      const corner = isFirst || start === 0 ? 0 : rows[at - rowBytes - pixelBytes]!;
      rows[at] = rows[at]! + predicted(filter, left, above, corner);
    }
    rows[start] = 0;
  }
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const [byLeft, byAbove, byCorner] = [above - corner, left - corner, left + above - 2 * corner].map(Math.abs);
  if (byLeft! <= byAbove! && byLeft! <= byCorner!) return left;
  return byAbove! <= byCorner! ? above : corner;
}

/** PNG (ISO/IEC 15948) section 5.3: length, type, data, CRC of type and data. */
function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
