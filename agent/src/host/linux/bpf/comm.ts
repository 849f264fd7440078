// Names of processes out of the kernel's memory: the same few come again and again, so that they are not made into text each time.

const NAME_BYTES = 16;
const SLOTS = 256;
const text = new TextDecoder('utf-8');
/** Four words of each slot's name, and its text. */
const keys = new Int32Array(SLOTS * 4);
const names: (string | undefined)[] = Array.from({ length: SLOTS }, () => undefined);

/** The name at `at`, `char comm[16]`; what is not UTF-8 is replaced. */
export function readComm(bytes: Uint8Array, at: number): string {
  const a = readI32(bytes, at);
  const b = readI32(bytes, at + 4);
  const c = readI32(bytes, at + 8);
  const d = readI32(bytes, at + 12);
  const hash = Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ Math.imul(d, 29_791), 0x9e3779b1) >>> 24;
  const slot = hash * 4;
  const known = names[hash];
  if (known !== undefined && keys[slot] === a && keys[slot + 1] === b && keys[slot + 2] === c && keys[slot + 3] === d)
    return known;
  keys.set([a, b, c, d], slot);
  return (names[hash] = decode(bytes, at));
}

/** The 32-bit number at any offset, in the host's order, which is little-endian wherever the agent runs. */
export function readI32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function decode(bytes: Uint8Array, at: number): string {
  const name = bytes.slice(at, at + NAME_BYTES);
  const end = name.indexOf(0);
  return text.decode(name.subarray(0, end < 0 ? NAME_BYTES - 1 : end));
}
