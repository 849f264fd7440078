// Reads the sections of a packed model, and packs numbers the same way.
import { Buffer } from 'node:buffer';
import { inflateRawSync } from 'node:zlib';

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Base64 of raw deflate: how models lie in the source. */
  static unpack(text: string): ByteReader {
    return new ByteReader(inflateRawSync(Buffer.from(text, 'base64')));
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new RangeError(`A packed model ends at byte ${this.#at}.`);
    this.#at += 1;
    return value;
  }

  /** Unsigned LEB128. */
  varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }

  bytes(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length)
      throw new RangeError(`A packed model ends at byte ${this.#bytes.length}.`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  float(): number {
    const bytes = this.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
  }

  text(): string {
    return Buffer.from(this.bytes(this.varint())).toString('latin1');
  }
}
