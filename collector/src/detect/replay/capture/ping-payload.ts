// What programs named ping put into their packets: a time, then a pattern; or the same again and again.

/** Times stand at the front: 16 bytes on Linux and BSD, 8 on macOS, and some tools put a header before them. */
const variableBytes = 24;
const patternedShare = 0.9;
/** A counter or another time may change; that is no message. */
const changedBytes = 16;

/** @param before what the request before this one carried. */
export function isPingLike(payload: Uint8Array, before: Uint8Array): boolean {
  const tail = payload.subarray(variableBytes);
  if (tail.length < changedBytes) return true;
  if (isPaddedText(payload)) return false;
  const beforeTail = before.subarray(variableBytes, variableBytes + tail.length);
  return (beforeTail.length >= changedBytes && differences(tail, beforeTail) < changedBytes) || steady(tail);
}

/** A word and then many zeroes: a field of fixed size, as in the messages of a program. Times and headers are no words. */
function isPaddedText(payload: Uint8Array): boolean {
  let length = 0;
  while (length < payload.length && payload[length]! >= 0x20 && payload[length]! < 0x7f) length++;
  if (length < 2 || payload.length - length < variableBytes) return false;
  return payload.subarray(length, length + variableBytes).every((byte) => byte === 0);
}

function differences(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let at = Math.min(a.length, b.length) - 1; at >= 0; at--) if (a[at] !== b[at]) count++;
  return count;
}

/** Bytes that count up (Linux, Windows' alphabet), or all the same, or repeat after two, four or eight. */
function steady(bytes: Uint8Array): boolean {
  return [1, 2, 4, 8].some((period) => {
    let steps = 0;
    let most = 0;
    const seen = new Uint32Array(256);
    for (let at = period; at < bytes.length; at++) {
      const step = (bytes[at]! - bytes[at - period]!) & 255;
      most = Math.max(most, ++seen[step]!);
      steps++;
    }
    return steps > 0 && most >= patternedShare * steps;
  });
}
