// The beginning of a file in a queried name: programs that carry files out by DNS write them into labels, and one question is enough to tell.
import { Buffer } from 'node:buffer';

/** What files begin with: RFC 1952 (gzip), APPNOTE 4.3.7 (ZIP), ISO 32000 (PDF) and the formats' own specifications. */
const signatures: readonly (readonly [string, string])[] = [
  ['gzip', '1f8b0800'],
  ['gzip', '1f8b0808'],
  ['ZIP', '504b0304'],
  ['7-Zip', '377abcaf271c'],
  ['RAR', '526172211a07'],
  ['bzip2', '425a6839314159265359'],
  ['xz', 'fd377a585a00'],
  ['Zstandard', '28b52ffd'],
  ['PDF', '255044462d'],
  ['PNG', '89504e470d0a1a0a'],
  ['JPEG', 'ffd8ffe0'],
  ['JPEG', 'ffd8ffe1'],
  ['ELF', '7f454c46'],
  ['OLE', 'd0cf11e0a1b11ae1'],
  ['SQLite', '53514c69746520666f726d6174'],
];
const alphabet32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** Shorter labels carry nothing worth the trouble. */
const shortestLabel = 24;

/** How each begins in a label, by encoding. Names have no case, so base 64 has lost a bit of each letter. */
const beginnings = signatures.flatMap(([format, hexadecimal]) => {
  const bytes = Buffer.from(hexadecimal, 'hex');
  const base64 = bytes.toString('base64').slice(0, Math.floor((bytes.length * 8) / 6));
  return [
    { format, text: hexadecimal, isBase64: false },
    { format, text: base32(bytes), isBase64: false },
    { format, text: plainBase64(base64.toLowerCase()), isBase64: true },
  ];
});

/**
 * The format of the file that a label below the zone begins with, as hexadecimal digits, base 32 or base 64; undefined without one. Of
 * random labels one in 70 million has such a beginning; base 64 is believed only with a character that no host's name may have (RFC 1123).
 */
export function fileInName(below: string): string | undefined {
  const isNoHost = /[*+/=_]/.test(below);
  for (const label of below.split('.', 4)) {
    if (label.length < shortestLabel) continue;
    const plain = plainBase64(label);
    const found = beginnings.find(({ text, isBase64 }) => (isNoHost || !isBase64) && plain.startsWith(text));
    if (found) return found.format;
  }
  return undefined;
}

/** "/" and "+" are written as "_" and "-" (RFC 4648, section 5) or "*", since a name may not bear them. */
function plainBase64(text: string): string {
  return text.replaceAll(/[+*-]/g, '+').replaceAll('_', '/');
}

/** RFC 4648, in whole characters. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet32.charAt(Number.parseInt(five, 2))).join('');
}
