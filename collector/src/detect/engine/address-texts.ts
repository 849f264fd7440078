// Texts of addresses, made once for as long as they keep coming: the same few peers fill most of the stream.
import { formatAddress, isMapped } from '@foretop/proto';

const most = 65_536;

export class AddressTexts {
  readonly #ipv4 = new Map<number, string>();

  /** As formatAddress writes it; the empty string for no address. */
  of(bytes: Uint8Array): string {
    if (bytes.length === 4) return this.#text(bytes, 0);
    if (bytes.length === 16 && isMapped(bytes)) return this.#text(bytes, 12);
    return formatAddress(bytes);
  }

  #text(bytes: Uint8Array, at: number): string {
    // Signed: numbers of 32 bits with a sign are no objects, and hash faster.
    const key = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const known = this.#ipv4.get(key);
    if (known !== undefined) return known;
    if (this.#ipv4.size >= most) this.#ipv4.clear();
    const text = `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
    this.#ipv4.set(key, text);
    return text;
  }
}
