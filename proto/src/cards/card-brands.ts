// Which numbers payment networks issue: prefixes, lengths, how they are printed. After ISO/IEC 7812-1 and the networks' published ranges.

export interface CardBrand {
  name: string;
  /** First and last prefix of each range, both with as many digits. */
  ranges: readonly (readonly [number, number])[];
  lengths: readonly number[];
  /** 0 … 1: how much this prefix and length alone say, among numbers that pass the check digit. */
  strength: number;
}

const range = (from: number, to = from) => [from, to] as const;

/** The first that fits counts: narrow ranges before the wide ones around them. */
const cardBrands: readonly CardBrand[] = [
  {
    name: 'Verve',
    ranges: [range(506099, 506198), range(650002, 650027), range(507865, 507964)],
    lengths: [16, 18, 19],
    strength: 0.65,
  },
  {
    name: 'Elo',
    ranges: [
      range(401178, 401179),
      range(438935),
      range(457631, 457632),
      range(431274),
      range(451416),
      range(457393),
      range(504175),
      range(506699, 506778),
      range(509000, 509999),
      range(627780),
      range(636297),
      range(636368),
      range(650031, 650033),
      range(650035, 650051),
      range(650405, 650439),
      range(650485, 650538),
      range(650541, 650598),
      range(650700, 650718),
      range(650720, 650727),
      range(650901, 650978),
      range(651652, 651679),
      range(655000, 655019),
      range(655021, 655058),
    ],
    lengths: [16],
    strength: 0.7,
  },
  {
    name: 'Hipercard',
    ranges: [
      range(606282),
      range(637095),
      range(637568),
      range(637599),
      range(637609),
      range(637612),
      range(384100),
      range(384140),
      range(384160),
    ],
    lengths: [16, 19],
    strength: 0.7,
  },
  { name: 'American Express', ranges: [range(34), range(37)], lengths: [15], strength: 0.7 },
  { name: 'Visa', ranges: [range(4)], lengths: [16], strength: 0.7 },
  { name: 'Visa', ranges: [range(4)], lengths: [13, 18, 19], strength: 0.55 },
  { name: 'Mastercard', ranges: [range(51, 55), range(2221, 2720)], lengths: [16], strength: 0.7 },
  { name: 'Mir', ranges: [range(2200, 2204)], lengths: [16, 17, 18, 19], strength: 0.65 },
  {
    name: 'RuPay',
    ranges: [
      range(508500, 508999),
      range(606985, 607984),
      range(608001, 608500),
      range(652150, 653149),
      range(817200, 820199),
      range(8172, 8201),
    ],
    lengths: [16],
    strength: 0.65,
  },
  { name: 'Troy', ranges: [range(9792)], lengths: [16], strength: 0.65 },
  { name: 'UnionPay', ranges: [range(62), range(81)], lengths: [16, 17, 18, 19], strength: 0.6 },
  {
    name: 'Discover',
    ranges: [range(6011), range(622126, 622925), range(644, 649), range(65)],
    lengths: [16, 17, 18, 19],
    strength: 0.7,
  },
  {
    name: 'Diners Club',
    ranges: [range(300, 305), range(3095), range(36), range(38, 39)],
    lengths: [14, 16, 17, 18, 19],
    strength: 0.6,
  },
  { name: 'JCB', ranges: [range(3528, 3589)], lengths: [16, 17, 18, 19], strength: 0.65 },
  { name: 'JCB', ranges: [range(1800), range(2131)], lengths: [15], strength: 0.6 },
  { name: 'InstaPayment', ranges: [range(637, 639)], lengths: [16], strength: 0.6 },
  {
    name: 'Maestro',
    ranges: [
      range(5018),
      range(5020),
      range(5038),
      range(5893),
      range(6304),
      range(6759),
      range(6761, 6763),
      range(6767),
      range(6331, 6334),
      range(4903),
      range(4905),
      range(4911),
      range(4936),
      range(564182),
    ],
    lengths: [12, 13, 14, 15, 16, 17, 18, 19],
    strength: 0.6,
  },
  { name: 'RuPay', ranges: [range(82)], lengths: [16], strength: 0.55 },
  { name: 'UATP', ranges: [range(1)], lengths: [15], strength: 0.3 },
  { name: 'Bankcard', ranges: [range(5610), range(560221, 560225)], lengths: [16], strength: 0.6 },
  { name: 'Dankort', ranges: [range(5019), range(4571)], lengths: [16], strength: 0.65 },
  {
    name: 'Maestro',
    ranges: [range(50), range(56, 58), range(60, 61), range(63), range(66, 69)],
    lengths: [16],
    strength: 0.55,
  },
  {
    name: 'Maestro',
    ranges: [range(50), range(56, 58), range(63), range(67)],
    lengths: [12, 13, 14, 15, 17, 18, 19],
    strength: 0.4,
  },
];

/** The network whose numbers look so, or undefined. `digits`: 12 to 19 of them. */
export function brandOf(digits: string): CardBrand | undefined {
  return cardBrands.find(
    ({ ranges, lengths }) =>
      lengths.includes(digits.length) &&
      ranges.some(([from, to]) => {
        const prefix = Number(digits.slice(0, String(from).length));
        return prefix >= from && prefix <= to;
      }),
  );
}

/** ISO/IEC 7812-1 annex B, the "Luhn" check digit. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = digits.length - 1, double = false; index >= 0; index -= 1, double = !double) {
    const digit = digits.charCodeAt(index) - 48;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

/** First six and last four, as PCI DSS 3.4.1 allows at most to be shown. */
export function maskCard(digits: string): string {
  return `${digits.slice(0, 6)}${'*'.repeat(digits.length - 10)}${digits.slice(-4)}`;
}

/** Whether a text is what maskCard makes, and so no number. */
export function isMaskedCard(text: string): boolean {
  return /^\d{6}\*{2,9}\d{4}$/.test(text);
}
