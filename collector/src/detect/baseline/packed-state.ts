// A detector's state as bytes: JSON, compressed; bounded on the way in, and believed on the way out only as far as it is JSON.
import { zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib';

/** Of the JSON of one host and detector. */
export const mostStateBytes = 256 << 10;
/** Of what the fleet shares. */
export const mostFleetBytes = 32 << 20;

/** undefined: it is too large to be kept. */
export function packState(state: unknown, mostBytes = mostStateBytes): Buffer | undefined {
  const text = Buffer.from(JSON.stringify(state));
  if (text.length > mostBytes) return undefined;
  return zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** undefined: it is no state, or larger than any. */
export function unpackState(bytes: Uint8Array, mostBytes = mostStateBytes): unknown {
  try {
    return JSON.parse(zstdDecompressSync(bytes, { maxOutputLength: mostBytes }).toString());
  } catch {
    return undefined;
  }
}
