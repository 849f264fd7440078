// Text as a terminal may show it: what a host sent cannot steer it or hide in it.

/** Controls, bidirectional overrides and zero-width characters as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}
