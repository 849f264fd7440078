// What ConvertTo-Json writes, checked value by value: one object where one was found, numbers as text, dates in two forms.
import { HostError } from '../host-error.ts';

export type JsonRow = Readonly<Record<string, unknown>>;

/** Rows of `{"NAME": [...]}`; a single row may stand without brackets, none as null. Throws HostError `malformed`. */
export function parseJsonRows(text: string, names: readonly string[]): JsonRow[][] {
  let root: unknown;
  try {
    // A byte order mark stands before the first output of a shell.
    root = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw malformed(text, cause);
  }
  if (!isRow(root)) throw malformed(text, undefined);
  return names.map((name) => asRows((root as JsonRow)[name]));
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Not negative, safe, whole; undefined for anything else. CIM gives 64-bit numbers as numbers or as text. */
export function countOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : undefined;
}

/** `/Date(ms)/` of Windows PowerShell 5.1 or ISO 8601, as Unix microseconds; undefined before 1980, as unset dates are of 1601. */
export function dateOf(value: unknown): number | undefined {
  const text = textOf(value);
  const ms = Number(/^\/Date\((-?\d+)/.exec(text)?.[1] ?? Date.parse(text));
  return ms > Date.UTC(1980, 0, 1) ? Math.round(ms * 1e3) : undefined;
}

function asRows(value: unknown): JsonRow[] {
  return (Array.isArray(value) ? value : [value]).filter(isRow);
}

function isRow(value: unknown): value is JsonRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(text: string, cause: unknown): HostError {
  const found = text.slice(0, 120);
  return new HostError('malformed', `Reading PowerShell’s answer failed: found "${found}", a JSON object is required`, {
    retryable: true,
    cause,
  });
}
