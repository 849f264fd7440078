// Frames of Initial packets (RFC 9000, section 19): of interest are only the pieces of the TLS handshake.
import { VarintCursor } from './varint.ts';

const frameTypes = { padding: 0, ping: 1, ack: 2, ackEcn: 3, crypto: 6, googleCrypto: 8 } as const;

/** Visits each CRYPTO frame's piece up to the first frame that has no place in an Initial packet. */
export function visitCrypto(frames: Uint8Array, visit: (offset: number, data: Uint8Array) => void): void {
  const cursor = new VarintCursor(frames, 0);
  while (cursor.at < frames.length) {
    const type = frames[cursor.at++];
    if (type === frameTypes.padding || type === frameTypes.ping) continue;
    if (type === frameTypes.crypto || type === frameTypes.googleCrypto) {
      const offset = cursor.read();
      const length = cursor.read();
      if (offset < 0 || length < 0 || cursor.at + length > frames.length) return;
      visit(offset, frames.subarray(cursor.at, cursor.at + length));
      cursor.at += length;
    } else if (type !== frameTypes.ack && type !== frameTypes.ackEcn) {
      return;
    } else if (!skipAck(cursor, type === frameTypes.ackEcn)) {
      return;
    }
  }
}

function skipAck(cursor: VarintCursor, withEcn: boolean): boolean {
  cursor.read(); // largest acknowledged
  cursor.read(); // delay
  const ranges = cursor.read();
  for (let numbers = 1 + 2 * ranges + (withEcn ? 3 : 0); numbers > 0; numbers--) if (cursor.read() < 0) return false;
  return ranges >= 0;
}
