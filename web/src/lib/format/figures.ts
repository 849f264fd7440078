// Numbers as people read them: three significant digits, decimal units, digits and unit apart so that units stand in a column.

export interface Figure {
  digits: string;
  unit: string;
}

const rateUnits = ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'] as const;
const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const unknown: Figure = { digits: '–', unit: '' };

/** Three significant digits in the largest unit that leaves at least 1. Unknown is a dash, never 0. */
export function threeDigits(value: number | null | undefined, units: readonly string[]): Figure {
  if (value == null || !Number.isFinite(value)) return unknown;
  let scaled = Math.abs(value);
  let step = 0;
  // 999.5 would be shown as 1000.
  while (scaled >= 999.5 && step < units.length - 1) {
    scaled /= 1000;
    step++;
  }
  const sign = value < 0 ? '−' : '';
  return { digits: sign + digitsOf(scaled, step), unit: units[step]! };
}

/** Bytes have no fractions, larger units keep three digits. */
function digitsOf(scaled: number, step: number): string {
  if (scaled === 0) return '0';
  if (step === 0 && Number.isInteger(scaled)) return String(scaled);
  if (scaled < 9.995) return scaled.toFixed(2);
  return scaled.toFixed(scaled < 99.95 ? 1 : 0);
}

/** Bytes a second. */
export const rate = (bytesPerSecond: number | null | undefined): Figure => threeDigits(bytesPerSecond, rateUnits);

export const bytes = (count: number | null | undefined): Figure => threeDigits(count, byteUnits);

export const asText = (figure: Figure): string => (figure.unit ? `${figure.digits} ${figure.unit}` : figure.digits);

const grouped = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

export const count = (value: number | null | undefined): string => (value == null ? '–' : grouped.format(value));

/** For narrow places: from 10,000 on in thousands. */
export function shortCount(value: number | null | undefined): string {
  if (value == null || value < 10_000) return count(value);
  const figure = threeDigits(value, ['', 'k', 'M', 'G']);
  return figure.digits + figure.unit;
}

/** Milliseconds of a round trip given in microseconds. */
export function roundTrip(rttUs: number | null | undefined): Figure {
  if (rttUs == null) return unknown;
  const ms = rttUs / 1000;
  return { digits: ms < 9.995 ? ms.toFixed(2) : ms < 99.95 ? ms.toFixed(1) : count(Math.round(ms)), unit: 'ms' };
}

/** One decimal; U+202F keeps sign and digits together. */
export const percent = (value: number | null | undefined): string =>
  value == null ? '–' : `${value.toFixed(1)}\u202f%`;

/** "11.2 of 32 GB": both in the unit of the total. */
export function partOf(part: number | null | undefined, total: number | null | undefined): string {
  if (!total) return asText(bytes(part));
  const whole = bytes(total);
  if (part == null) return `– of ${asText(whole)}`;
  const unitBytes = 1000 ** Math.max(0, (byteUnits as readonly string[]).indexOf(whole.unit));
  const inUnit = part / unitBytes;
  return `${inUnit < 100 ? inUnit.toFixed(1) : inUnit.toFixed(0)} of ${asText(whole)}`;
}
