// Variable-length integers of QUIC (RFC 9000, section 16).

export class VarintCursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** @returns -1 when the bytes end before it or it is beyond 2^53. */
  read(): number {
    const { bytes, at } = this;
    if (at >= bytes.length) return -1;
    const length = 1 << (bytes[at]! >> 6);
    if (at + length > bytes.length) return -1;
    let value = bytes[at]! & 0x3f;
    for (let index = 1; index < length; index++) value = value * 256 + bytes[at + index]!;
    this.at = at + length;
    return Number.isSafeInteger(value) ? value : -1;
  }
}
