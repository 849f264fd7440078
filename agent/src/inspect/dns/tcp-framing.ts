// DNS messages out of a TCP byte stream: each has its length before it (RFC 1035, section 4.2.2).
import { readU16 } from '../bytes.ts';
import { GrowingBytes } from '../growing-bytes.ts';

export class DnsFraming {
  readonly #deliver: (message: Uint8Array) => void;
  // At most one message of 65,535 bytes, its length, and the segment that completed it.
  #kept = new GrowingBytes();

  /** `deliver` gets views that are valid only during the call. */
  constructor(deliver: (message: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  /** Of a message whose rest is still to come. */
  get keptBytes(): number {
    return this.#kept.length;
  }

  push(bytes: Uint8Array): void {
    if (this.#kept.length === 0) return this.#keep(bytes, this.#readMessages(bytes));
    this.#kept.append(bytes);
    this.#kept.consume(this.#readMessages(this.#kept.view()));
  }

  /** After a hole in the stream: what comes next is the start of a message. */
  reset(): void {
    this.#kept = new GrowingBytes();
  }

  #keep(bytes: Uint8Array, used: number): void {
    if (used < bytes.length) this.#kept.append(bytes.subarray(used));
  }

  #readMessages(data: Uint8Array): number {
    let at = 0;
    while (data.length - at >= 2) {
      const end = at + 2 + readU16(data, at);
      if (end > data.length) break;
      this.#deliver(data.subarray(at + 2, end));
      at = end;
    }
    return at;
  }
}
