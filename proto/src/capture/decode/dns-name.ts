// Domain names in messages (RFC 1035, section 4.1.4), with the case that they came in.
import { u8 } from './bytes.ts';
import { shownByte } from './text.ts';

/** RFC 1035, section 2.3.4. */
const mostNameBytes = 255;
/** A name of 255 bytes has at most 127 labels, and an honest message a pointer between two of them at most. */
const mostJumps = 128;

/** `message`: where the pointers count from. @returns undefined when the name runs out of the message, loops or is too long. */
export function dnsName(
  bytes: Uint8Array,
  message: number,
  from: number,
  end: number,
): { name: string; end: number } | undefined {
  let name = '';
  let after = -1;
  let at = from;
  let size = 1;
  for (let jumps = 0; jumps <= mostJumps && at < end;) {
    const length = u8(bytes, at);
    if (length === 0) return { name: name || '<Root>', end: after < 0 ? at + 1 : after };
    if (length >= 0xc0) {
      if (at + 2 > end) return undefined;
      if (after < 0) after = at + 2;
      at = message + (((length & 0x3f) << 8) | u8(bytes, at + 1));
      jumps++;
      continue;
    }
    size += length + 1;
    if (length > 63 || at + 1 + length > end || size > mostNameBytes) return undefined;
    if (name !== '') name += '.';
    for (let byte = at + 1; byte <= at + length; byte++)
      name += bytes[byte] === 0x2e ? '\\x2e' : shownByte(bytes[byte]!);
    at += 1 + length;
  }
  return undefined;
}
