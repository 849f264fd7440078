// Numbers made up for every network, in every way of writing: found. Numbers of other kinds: not.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { CardScanner } from './card-scanner.ts';

/** mulberry32 */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seededRandom(7);
const digit = () => Math.floor(random() * 10);
const digits = (count: number) => Array.from({ length: count }, digit).join('');

function count(text: string): number {
  const scanner = new CardScanner();
  return [...scanner.push(text), ...scanner.end()].length;
}

/** ISO/IEC 7812-1 annex B, written another way than the scanner does. */
function withCheckDigit(body: string): string {
  const sum = [...body]
    .toReversed()
    .map((text, index) => Number(text) * (index % 2 === 0 ? 2 : 1))
    .reduce((total, value) => total + (value > 9 ? value - 9 : value), 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

const networks: Record<string, readonly [readonly string[], readonly number[]]> = {
  Visa: [['4'], [13, 16, 19]],
  Mastercard: [['51', '55', '2221', '2500', '2720'], [16]],
  'American Express': [['34', '37'], [15]],
  Discover: [
    ['6011', '644', '649', '65', '622126', '622925'],
    [16, 19],
  ],
  'Diners Club': [
    ['300', '305', '36', '38', '39', '3095'],
    [14, 16],
  ],
  JCB: [['3528', '3589'], [16]],
  UnionPay: [
    ['62', '81'],
    [16, 17, 18, 19],
  ],
  Maestro: [
    ['5018', '5020', '5038', '6304', '6759', '6761', '6763'],
    [12, 13, 14, 15, 16, 17, 18, 19],
  ],
  Mir: [['2200', '2204'], [16]],
  RuPay: [['508', '60', '65', '81', '82'], [16]],
  Verve: [
    ['506100', '650010'],
    [16, 19],
  ],
  Elo: [['636368', '506700', '650901'], [16]],
  Hipercard: [['606282', '637095'], [16]],
};

const grouped = (number: string, joint: string) =>
  number.length === 15 || number.length === 14
    ? [number.slice(0, 4), number.slice(4, 10), number.slice(10)].join(joint)
    : (number.match(/.{1,4}/g) ?? []).join(joint);

const ways: Record<string, (number: string) => string> = {
  alone: (number) => number,
  row: (number) => `12,John Doe,${number},2027-01,Paris`,
  JSON: (number) => `{"id":17,"number":"${number}","name":"x"}`,
  URL: (number) => `/charge?amount=12.50&number=${number}&x=1`,
  form: (number) => `pan=${grouped(number, '+')}&exp=1`,
  spaces: (number) => `pay with ${grouped(number, ' ')} please`,
  dashes: (number) => `ref ${grouped(number, '-')}, ok`,
  'no-break spaces': (number) => grouped(number, '\u00a0'),
  'full-width': (number) => [...number].map((text) => String.fromCharCode(0xff10 + Number(text))).join(''),
  log: (number) => `2024-11-02T10:00:00Z INFO [pay-7f] card=${number} status=200 took=12ms`,
  XML: (number) => `<CardNumber>${number}</CardNumber>`,
  EDI: (number) => `NM1*IL*1*DOE*JOHN****MI*${number}~`,
  mail: (number) => `my card number is ${grouped(number, ' ')}, expiry 12/27, cvv 123. Thanks`,
  SQL: (number) => `INSERT INTO t VALUES (1,'${number}','x');`,
  'after another number': (number) => `order 1234 ${grouped(number, ' ')} 12/27`,
  pipes: (number) => `${number}|12|27|123`,
};

it.each(Object.entries(networks))('%s', (_, [prefixes, lengths]) => {
  for (const prefix of prefixes) {
    for (const length of lengths) {
      for (const [way, write] of Object.entries(ways)) {
        // After a number of four digits, one of 12, 13 or 17 in groups of four could be anything.
        if (way === 'after another number' && (length < 14 || length === 17)) continue;
        const number = withCheckDigit(prefix + digits(length - 1 - prefix.length));
        expect(count(write(number)), `${way}: ${write(number)}`).toBe(1);
        const wrong = number.slice(0, -1) + String((Number(number.at(-1)) + 1) % 10);
        if (way === 'alone' || way === 'JSON') expect(count(write(wrong)), `${way}, wrong check digit`).toBe(0);
      }
    }
  }
});

it.each<[string, () => string]>([
  ['UUID', () => randomUUID()],
  ['milliseconds', () => String(1_600_000_000_000 + Math.floor(random() * 2e11))],
  [
    'time without separators',
    () => `20${10 + digit()}0${1 + Math.floor(random() * 9)}1${digit()}1${digit()}2${digit()}3${digit()}`,
  ],
  ['telephone', () => `+${digits(2)} ${digits(3)} ${digits(3)} ${digits(4)}`],
  ['IBAN', () => `DE${digits(2)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(2)}`],
  ['fraction', () => String(random())],
  ['IMEI', () => `imei=${withCheckDigit(`35${digits(12)}`)}`],
  ['ICCID', () => withCheckDigit(`8949${digits(14)}`)],
  ['EAN', () => `ean=4${digits(12)}`],
  ['tracking number', () => `tracking: ${withCheckDigit(`4${digits(14)}`)}`],
  ['trace', () => `trace_id=${withCheckDigit(`4${digits(14)}`)}`],
  ['longer number', () => `4${digits(24)}`],
  ['account of a cloud', () => `arn:aws:iam::1${digits(11)}:role/x`],
  ['amount', () => `$4${digits(12)}.00`],
])('no %s', (_, make) => {
  for (let each = 0; each < 300; each += 1) {
    const text = make();
    expect(count(text), text).toBe(0);
  }
});
