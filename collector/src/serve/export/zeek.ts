// Rows as a Zeek log in TSV: https://docs.zeek.org/en/master/log-formats.html.

export type ZeekValue = string | number | boolean | null | readonly string[];

/** One kind of log: its path, its fields, and which rows have a line in it. */
export interface ZeekLog {
  head(openedMs: number): string;
  /** Empty for a row that such a log does not have. */
  line(row: object): string;
  tail(closedMs: number): string;
}

export type ZeekFields<Row> = readonly [name: string, type: string, value: (row: Row) => ZeekValue][];

export function zeekLog<Row extends object>(
  path: string,
  fields: ZeekFields<Row>,
  has: (row: Row) => boolean = () => true,
): ZeekLog {
  return {
    head: (openedMs) =>
      [
        '#separator \\x09',
        '#set_separator\t,',
        '#empty_field\t(empty)',
        '#unset_field\t-',
        `#path\t${path}`,
        `#open\t${stamp(openedMs)}`,
        `#fields\t${fields.map(([name]) => name).join('\t')}`,
        `#types\t${fields.map(([, type]) => type).join('\t')}`,
        '',
      ].join('\n'),
    line: (row) => (has(row as Row) ? `${fields.map(([, , value]) => cell(value(row as Row))).join('\t')}\n` : ''),
    tail: (closedMs) => `#close\t${stamp(closedMs)}\n`,
  };
}

function cell(value: ZeekValue): string {
  if (value === null) return '-';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value !== 'string')
    return value.length === 0 ? '-' : value.map((entry) => text(entry, /[\p{Cc}\\,]/gu)).join(',');
  return text(value, /[\p{Cc}\\]/gu);
}

/** Separators, line ends, other controls and the escape itself, as Zeek's ASCII writer does. */
function text(value: string, escaped: RegExp): string {
  if (value === '') return '(empty)';
  if (value === '-' || value === '(empty)') return hex(value[0]!) + value.slice(1);
  return value.replace(escaped, hex);
}

const hex = (character: string) =>
  [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

export const seconds = (time: string) => (Date.parse(time) / 1000).toFixed(6);
/** 2026-11-20-03-12-00, UTC. */
const stamp = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace(/[T:]/g, '-');
