// An ECDSA signature as authenticators write it (DER, RFC 3279 section 2.2.3) as WebCrypto reads it: r and s side by side.

/** undefined: it is not the one DER form of two positive integers of at most `size` bytes. */
export function derSignature(der: Uint8Array, size: number): Uint8Array<ArrayBuffer> | undefined {
  // SEQUENCE with a short length, which is enough for two integers of up to 60 bytes.
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der[1] > 0x7f) return undefined;
  const result = new Uint8Array(2 * size);
  let at = 2;
  for (const half of [0, 1]) {
    const length = der[at + 1];
    if (der[at] !== 0x02 || length === undefined || length === 0 || at + 2 + length > der.length) return undefined;
    const digits = der.subarray(at + 2, at + 2 + length);
    const padded = digits[0] === 0;
    // Negative, zero, or with a leading zero that no sign bit asks for.
    if (digits[0]! > 0x7f || (padded && !(digits[1]! > 0x7f))) return undefined;
    const magnitude = padded ? digits.subarray(1) : digits;
    if (magnitude.length > size) return undefined;
    result.set(magnitude, (half + 1) * size - magnitude.length);
    at += 2 + length;
  }
  return at === der.length ? result : undefined;
}
