// Domain names of DNS messages (RFC 1035, section 4.1.4) in the presentation form of RFC 1035 and 4343.
import { escapeByte } from '../bytes.ts';

/** RFC 1035, section 2.3.4. */
const maxNameBytes = 255;
/** A name of 255 bytes has at most 127 labels; a pointer between every two of them is all that an honest message needs. */
const maxJumps = 128;

// What each byte of a label looks like: lower case, a dot and a backslash escaped, unprintable bytes as \DDD.
const presentation = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (byte <= 0x20 || byte >= 0x7f) return escapeByte(byte);
  return character === '.' || character === '\\' ? `\\${character}` : character.toLowerCase();
});

export interface NameAt {
  /** Lower case, without the final dot; "." is the root. */
  name: string;
  /** Where the next field starts. */
  end: number;
}

/** @returns undefined when the name runs out of the message, loops, is too long, or has a label of an unknown kind. */
export function readName(message: Uint8Array, start: number): NameAt | undefined {
  let name = '';
  let end = -1;
  let at = start;
  let nameBytes = 1;
  for (let jumps = 0; jumps <= maxJumps;) {
    if (at >= message.length) return undefined;
    const length = message[at]!;
    if (length === 0) return { name: name === '' ? '.' : name, end: end < 0 ? at + 1 : end };
    if (length >= 0xc0) {
      if (at + 1 >= message.length) return undefined;
      if (end < 0) end = at + 2;
      at = ((length & 0x3f) << 8) | message[at + 1]!;
      jumps++;
      continue;
    }
    nameBytes += length + 1;
    if (length > 63 || at + 1 + length > message.length || nameBytes > maxNameBytes) return undefined;
    if (name !== '') name += '.';
    for (let byte = at + 1; byte <= at + length; byte++) name += presentation[message[byte]!]!;
    at += 1 + length;
  }
  return undefined;
}
