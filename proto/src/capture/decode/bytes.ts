// Reads of a packet at a position that may lie beyond its end: what is not there counts as 0.

export const u8 = (bytes: Uint8Array, at: number): number => bytes[at]! | 0;
export const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
export const u24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
export const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** "0x00ff" */
export const hexNumber = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** "00ff12", cut to `most` bytes with an ellipsis. */
export function hexBytes(bytes: Uint8Array, from: number, to: number, most = 64): string {
  let text = '';
  const end = Math.min(to, bytes.length);
  for (let at = from; at < end && at < from + most; at++) text += bytes[at]!.toString(16).padStart(2, '0');
  return end - from > most ? `${text}…` : text;
}

/** "02:00:5e:00:00:01" */
export function macAddress(bytes: Uint8Array, from: number, length = 6): string {
  let text = '';
  for (let at = from; at < from + length; at++)
    text += `${at > from ? ':' : ''}${u8(bytes, at).toString(16).padStart(2, '0')}`;
  return text;
}

export const ipv4Address = (bytes: Uint8Array, from: number): string =>
  `${u8(bytes, from)}.${u8(bytes, from + 1)}.${u8(bytes, from + 2)}.${u8(bytes, from + 3)}`;
