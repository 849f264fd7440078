// The handshake's byte stream of a QUIC client, whose pieces come in any order and from several packets.
import { readU24 } from '../bytes.ts';
import { type ClientHello, clientHelloType, parseClientHello } from '../tls/client-hello.ts';

const maxBytes = 32_768;
const maxPieces = 512;

interface Piece {
  offset: number;
  bytes: Uint8Array;
}

export class CryptoPieces {
  readonly #pieces: Piece[] = [];
  #bytes = 0;

  get keptBytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy. @returns false when there is no room for it. */
  add(offset: number, bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    if (this.#pieces.some((other) => other.offset === offset && other.bytes.length >= bytes.length)) return true;
    if (offset + bytes.length > maxBytes || this.#bytes + bytes.length > maxBytes || this.#pieces.length >= maxPieces) {
      return false;
    }
    const index = this.#pieces.findIndex((other) => other.offset > offset);
    this.#pieces.splice(index < 0 ? this.#pieces.length : index, 0, { offset, bytes: bytes.slice() });
    this.#bytes += bytes.length;
    return true;
  }

  /** 'none' when the stream does not begin with a ClientHello. */
  hello(): ClientHello | 'more' | 'none' {
    const start = this.#prefix();
    if (start.length < 4) return start.length > 0 && start[0] !== clientHelloType ? 'none' : 'more';
    if (start[0] !== clientHelloType) return 'none';
    return start.length < 4 + readU24(start, 1) ? 'more' : (parseClientHello(start) ?? 'none');
  }

  /** What can be read when the rest never comes. */
  finish(): ClientHello | undefined {
    return parseClientHello(this.#prefix());
  }

  #prefix(): Uint8Array {
    const parts: Uint8Array[] = [];
    let next = 0;
    for (const { offset, bytes } of this.#pieces) {
      if (offset > next) break;
      if (offset + bytes.length <= next) continue;
      parts.push(bytes.subarray(next - offset));
      next = offset + bytes.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
}
