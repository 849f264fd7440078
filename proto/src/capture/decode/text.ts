// Text that came in packets: printable ASCII as it is, every other byte and the backslash as \xNN.

const shown = Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
);

export const shownByte = (byte: number): string => shown[byte]!;

/** At most `most` bytes; what is longer ends in an ellipsis. */
export function textOf(bytes: Uint8Array, from: number, to: number, most = 200): string {
  let text = '';
  const end = Math.min(to, bytes.length);
  for (let at = from; at < end && at < from + most; at++) text += shown[bytes[at]!]!;
  return end - from > most ? `${text}…` : text;
}
