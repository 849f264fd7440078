// The kinds of values that settings have. Each reads a text (flag, variable) or a JSON value (file).

export interface Kind<T> {
  /** In the help of a flag, as in `--port <number>`; '' for a flag without value. */
  readonly placeholder: string;
  /** What a message says is required. */
  readonly expects: string;
  /** undefined = not such a value. */
  parse(value: unknown): T | undefined;
  /** As a configuration file would have it. */
  write(value: T): unknown;
}

export function wholeNumber(least: number, most: number, unit = 'number'): Kind<number> {
  return {
    placeholder: `<${unit}>`,
    expects: `a number from ${least} to ${most}`,
    parse(value) {
      const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
      return Number.isInteger(number) && (number as number) >= least && (number as number) <= most
        ? (number as number)
        : undefined;
    },
    write: (value) => value,
  };
}

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Bytes: a number, or a text with a unit as in "20GB" (10^9) and "512MiB" (2^20). */
export function byteCount(least: number): Kind<number> {
  return {
    placeholder: '<bytes>',
    expects: `a number of bytes, at least ${writeBytes(least)}, as in 20GB or 512MiB,`,
    parse(value) {
      const text = typeof value === 'number' ? String(value) : value;
      if (typeof text !== 'string') return undefined;
      const [, digits, unit] = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]{0,3})\s*$/i.exec(text) ?? [];
      const bytes = Math.round(Number(digits) * (byteUnits[unit?.toLowerCase() ?? ''] ?? NaN));
      return Number.isSafeInteger(bytes) && bytes >= least ? bytes : undefined;
    },
    write: writeBytes,
  };
}

/** The exact form with the smallest number. */
export function writeBytes(bytes: number): string | number {
  const exact = ['TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB']
    .map((unit) => ({ unit, count: bytes / byteUnits[unit.toLowerCase()]! }))
    .filter(({ count }) => count >= 1 && Number.isInteger(count))
    .sort((a, b) => a.count - b.count)[0];
  return exact ? `${exact.count}${exact.unit}` : bytes;
}

export function choice<const T extends string>(names: readonly T[]): Kind<T> {
  return {
    placeholder: '<name>',
    expects: `one of ${names.join(', ')}`,
    parse: (value) => names.find((name) => name === value),
    write: (value) => value,
  };
}

/** A file or folder, as given. */
export const path: Kind<string> = {
  placeholder: '<path>',
  expects: 'a path',
  parse: (value) => (typeof value === 'string' && value.trim() !== '' && !value.includes('\0') ? value : undefined),
  write: (value) => value,
};

/** One line of printable text. */
export function line(mostLength: number): Kind<string> {
  return {
    placeholder: '<text>',
    expects: `a text of 1 to ${mostLength} printable characters`,
    parse(value) {
      if (typeof value !== 'string' || value.length > mostLength || /\p{Cc}/u.test(value)) return undefined;
      return value.trim() || undefined;
    },
    write: (value) => value,
  };
}

export const flag: Kind<boolean> = {
  placeholder: '',
  expects: 'true or false',
  parse: (value) => ({ true: true, false: false, 1: true, 0: false })[String(value) as 'true'],
  write: (value) => value,
};
