// What others said, as a line: bounded, and without anything that a terminal or a page would obey.

/** Controls, directions and what has no shape become \xNN or \u{NNNN}; cut to `most` UTF-16 units, never within such an escape. */
export function lineOf(text: string, most: number): string {
  let line = '';
  for (const character of text.slice(0, most).toWellFormed()) {
    const shown = /[\p{C}\p{Zl}\p{Zp}]/u.test(character) ? escaped(character.codePointAt(0)!) : character;
    if (line.length + shown.length > most) break;
    line += shown;
  }
  return line;
}

/** The first line of bytes that claim to be text, as Latin-1: whatever they are, each has its sign. */
export function firstLineOf(bytes: Uint8Array, most: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return lineOf(/[^\r\n]+/.exec(text)?.[0] ?? '', most);
}

/** "1 record", "2 records". */
export const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

function escaped(point: number): string {
  const hex = point.toString(16);
  return point <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
