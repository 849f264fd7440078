// A detector's state as bytes: JSON, compressed where it is long; bounded on the way in, and believed on the way out only as far as it is JSON.
import { zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib';

/** Of the JSON of one host and detector. */
export const mostStateBytes = 256 << 10;
/** Of what the fleet shares. */
export const mostFleetBytes = 32 << 20;
/** A compressor costs more than it saves below this, and most states are short. */
const shortBytes = 4 << 10;
/** RFC 8878, section 3.1.1; no JSON begins so. */
const zstdMagic = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);

/** undefined: it is too large to be kept. */
export function packState(state: unknown, mostBytes = mostStateBytes): Buffer | undefined {
  const text = Buffer.from(JSON.stringify(state));
  if (text.length > mostBytes) return undefined;
  if (text.length < shortBytes) return text;
  return zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** undefined: it is no state, or larger than any. */
export function unpackState(bytes: Uint8Array, mostBytes = mostStateBytes): unknown {
  try {
    const isLong = zstdMagic.equals(bytes.subarray(0, zstdMagic.length));
    const text = isLong ? zstdDecompressSync(bytes, { maxOutputLength: mostBytes }) : Buffer.from(bytes);
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
