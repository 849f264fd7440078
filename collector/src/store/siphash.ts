// SipHash-2-4 (Aumasson and Bernstein 2012), a keyed 64-bit hash. Without the key nobody can choose inputs that collide.

/** 64 bits as two signed 32-bit halves, the way that Postgres's binary int8 and JavaScript's integer arithmetic like them. */
export interface Hash64 {
  high: number;
  low: number;
}

/** Key as four little-endian 32-bit words. */
export type SipKey = Int32Array;

/** Throws RangeError unless the key has 16 bytes. */
export function sipKey(key: Uint8Array): SipKey {
  if (key.length !== 16) throw new RangeError(`SipHash key has ${key.length} bytes, expected 16`);
  const view = new DataView(key.buffer, key.byteOffset, 16);
  return Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true));
}

/**
 * The hash of the first `length` bytes of `view`. One function with all of its state in local variables, since it runs for
 * every row: v0..v3 of the paper, each as low and high half. Additions carry by comparing unsigned: the sum's low half is
 * below an operand's exactly when it wrapped.
 */
export function sipHash24(key: SipKey, view: DataView, length: number): Hash64 {
  let l0 = key[0]! ^ 0x70736575;
  let h0 = key[1]! ^ 0x736f6d65;
  let l1 = key[2]! ^ 0x6e646f6d;
  let h1 = key[3]! ^ 0x646f7261;
  let l2 = key[0]! ^ 0x6e657261;
  let h2 = key[1]! ^ 0x6c796765;
  let l3 = key[2]! ^ 0x79746573;
  let h3 = key[3]! ^ 0x74656462;
  const whole = length & ~7;
  // Blocks of the message, then the last one with its length, then the finalisation, which takes in nothing.
  for (let at = 0; at <= whole + 8; at += 8) {
    const isBlock = at <= whole;
    const low = at < whole ? view.getInt32(at, true) : isBlock ? tail(view, at, length) : 0;
    const high = at < whole ? view.getInt32(at + 4, true) : isBlock ? tail(view, at + 4, length) | (length << 24) : 0;
    l3 ^= low;
    h3 ^= high;
    if (!isBlock) l2 ^= 0xff;
    for (let round = isBlock ? 2 : 4; round > 0; round--) {
      let sum = (l0 + l1) | 0;
      h0 = (h0 + h1 + (sum >>> 0 < l0 >>> 0 ? 1 : 0)) | 0;
      l0 = sum;
      let turned = (l1 << 13) | (h1 >>> 19);
      h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0;
      l1 = turned ^ l0;
      turned = l0;
      l0 = h0;
      h0 = turned;

      sum = (l2 + l3) | 0;
      h2 = (h2 + h3 + (sum >>> 0 < l2 >>> 0 ? 1 : 0)) | 0;
      l2 = sum;
      turned = (l3 << 16) | (h3 >>> 16);
      h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2;
      l3 = turned ^ l2;

      sum = (l0 + l3) | 0;
      h0 = (h0 + h3 + (sum >>> 0 < l0 >>> 0 ? 1 : 0)) | 0;
      l0 = sum;
      turned = (l3 << 21) | (h3 >>> 11);
      h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0;
      l3 = turned ^ l0;

      sum = (l2 + l1) | 0;
      h2 = (h2 + h1 + (sum >>> 0 < l2 >>> 0 ? 1 : 0)) | 0;
      l2 = sum;
      turned = (l1 << 17) | (h1 >>> 15);
      h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2;
      l1 = turned ^ l2;
      turned = l2;
      l2 = h2;
      h2 = turned;
    }
    l0 ^= low;
    h0 ^= high;
  }
  return { high: h0 ^ h1 ^ h2 ^ h3, low: l0 ^ l1 ^ l2 ^ l3 };
}

/** Up to four bytes from `at` on, little-endian; beyond `length` they count as 0. */
function tail(view: DataView, at: number, length: number): number {
  let word = 0;
  for (let index = 0; index < 4 && at + index < length; index++) word |= view.getUint8(at + index) << (index * 8);
  return word;
}
