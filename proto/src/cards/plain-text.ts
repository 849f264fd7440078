// Rewrites text so that a number can be found however it was written: other digits, spaces and dashes, escapes of URLs, HTML and JSON.

export interface PlainText {
  /** Digits as 0–9, every kind of space as ' ', every kind of dash as '-', tabs and line ends as they are, all else as it was. */
  text: string;
  /** For each character of `text`, where it began in the original; one more for the end. */
  places: Int32Array;
}

/** Code points of the zeros of decimal digits in other scripts and styles (Unicode general category Nd), the likely ones. */
const zeros = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040,
  0x17e0, 0x1810, 0xff10,
];
const mathematicalDigits = [0x1d7ce, 0x1d7ff] as const;
const spaces = new Set([0xa0, 0x1680, 0x202f, 0x205f, 0x3000]);
const dashes = new Set([
  0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0x2043, 0xfe58, 0xfe63, 0xff0d, 0x30fc,
]);
/** Invisible: zero-width characters, soft hyphen, direction marks, byte order mark, and NUL (every other byte of UTF-16 read as bytes). */
const invisible = new Set([0, 0xad, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2060, 0xfeff]);
const dots = new Set([0xb7, 0x2022, 0x2027, 0x22c5, 0x30fb, 0xff0e]);

const entity = /&(?:nbsp|ensp|emsp|thinsp|#(?:160|32|8199|8239|45|8209|8211)|#x(?:a0|20|2d|2011));/iy;
const escaped = /\\(?:[nrtbf"'/\\]|u[0-9a-f]{4}|x[0-9a-f]{2})/iy;
/** But not the start of a card's magnetic track 1, "%B4…^". */
const percent = /%(?!B\d{12,19}\^)[0-9a-f]{2}/iy;

/** Cheap where the text is plain ASCII without escapes: it is given back as it is. */
export function plainText(original: string): PlainText | undefined {
  if (!/\d|[^\0-\x7f]/.test(original)) return undefined;
  if (!/[%&\\\0]|[^\0-\x7f]/.test(original)) return { text: original, places: identityPlaces(original.length) };
  const places = new Int32Array(original.length + 1);
  let text = '';
  let at = 0;
  while (at < original.length) {
    const [character, length] = readCharacter(original, at);
    if (character !== '') {
      places[text.length] = at;
      text += character;
    }
    at += length;
  }
  places[text.length] = original.length;
  return { text, places };
}

function identityPlaces(length: number): Int32Array {
  const places = new Int32Array(length + 1);
  for (let at = 0; at <= length; at++) places[at] = at;
  return places;
}

/** What stands at a place (one character, or none for the invisible), and how long it is written. */
function readCharacter(text: string, at: number): readonly [string, number] {
  const code = text.charCodeAt(at);
  if (code === 37) return matched(percent, text, at, (found) => fromCode(Number.parseInt(found.slice(1), 16)));
  if (code === 38) return matched(entity, text, at, (found) => (/45|2d|2011|8209|8211/i.test(found) ? '-' : ' '));
  if (code === 92) return matched(escaped, text, at, unescape);
  if (code < 128) return [code === 0 ? '' : text.charAt(at), 1];
  const point = text.codePointAt(at) ?? code;
  return [fromCode(point), point > 0xffff ? 2 : 1];
}

function matched(
  pattern: RegExp,
  text: string,
  at: number,
  read: (found: string) => string,
): readonly [string, number] {
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0];
  return found === undefined ? [text.charAt(at), 1] : [read(found), found.length];
}

function unescape(found: string): string {
  const kind = found.charAt(1).toLowerCase();
  if (kind === 'u' || kind === 'x') return fromCode(Number.parseInt(found.slice(2), 16));
  return kind === '"' || kind === "'" || kind === '/' || kind === '\\' ? kind : '\n';
}

function fromCode(point: number): string {
  if (invisible.has(point)) return '';
  if (point < 128) return String.fromCharCode(point);
  if (spaces.has(point) || (point >= 0x2000 && point <= 0x200a)) return ' ';
  if (dashes.has(point)) return '-';
  if (dots.has(point)) return '.';
  if (point >= mathematicalDigits[0] && point <= mathematicalDigits[1])
    return String((point - mathematicalDigits[0]) % 10);
  const zero = zeros.find((zero) => point >= zero && point <= zero + 9);
  if (zero !== undefined) return String(point - zero);
  if (point >= 0xff21 && point <= 0xff5a) return String.fromCharCode(point - 0xfee0);
  return String.fromCodePoint(point).charAt(0);
}
