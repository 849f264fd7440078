// Rows that are objects in order: typed sort keys, and a rank for each text.
import { radixOrder } from './radix-order.ts';

/** A list of numbers sorts by the first, then the second, and so on. */
export type SortValue = number | string | readonly number[] | null;

export interface Query<Row> {
  matches(row: Row): boolean;
  value(row: Row): SortValue;
  descending: boolean;
}

/** Unknown values come last whichever way it sorts; equal ones stand by key. */
export function sortRows<Row extends { key: number }>(rows: Iterable<Row>, query: Query<Row>): Row[] {
  const matching: Row[] = [];
  for (const row of rows) if (query.matches(row)) matching.push(row);
  let order = byKey(matching);
  for (const keys of keysOf(matching, query.value)) order = radixOrder(keys, query.descending, order);
  const sorted: Row[] = Array.from({ length: matching.length });
  for (let i = 0; i < sorted.length; i++) sorted[i] = matching[order ? order[i]! : i]!;
  return sorted;
}

/** Typed keys by which to sort one after the other: the last part of a value first, as a stable sort keeps what the one before did. */
function keysOf<Row>(rows: readonly Row[], value: (row: Row) => SortValue): Float64Array[] {
  let first: SortValue = null;
  for (let i = 0; i < rows.length && first === null; i++) first = value(rows[i]!);
  if (typeof first === 'string') return [ranks(rows.map(value))];
  const parts = Array.isArray(first) ? first.length : 1;
  const keys = Array.from({ length: parts }, () => new Float64Array(rows.length).fill(Number.NaN));
  for (let i = 0; i < rows.length; i++) {
    const found = value(rows[i]!);
    if (typeof found === 'number') keys[0]![i] = found;
    else if (found !== null && typeof found === 'object')
      for (let part = 0; part < parts; part++) keys[parts - 1 - part]![i] = found[part]!;
  }
  return keys;
}

/** undefined: the rows stand by key already, as they mostly do. */
function byKey(rows: readonly { key: number }[]): Uint32Array | undefined {
  for (let i = 1; i < rows.length; i++) {
    if (rows[i]!.key < rows[i - 1]!.key)
      return radixOrder(
        Float64Array.from(rows, (row) => row.key),
        false,
      );
  }
  return undefined;
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Names hardly ever change, and to rank a thousand of them takes longer than all else that is done each second. */
let ranked: { values: readonly SortValue[]; keys: Float64Array } | undefined;

/** Texts as numbers by rank: the collator runs once for each different text instead of for each comparison. */
function ranks(values: SortValue[]): Float64Array {
  const before = ranked;
  if (before?.values.length === values.length && values.every((value, index) => value === before.values[index]))
    return before.keys;
  const keys = ranksOf(values);
  ranked = { values, keys };
  return keys;
}

function ranksOf(values: readonly SortValue[]): Float64Array {
  const texts = [...new Set(values as (string | null)[])].filter((text) => text !== null && text !== '');
  texts.sort(collator.compare as (a: string | null, b: string | null) => number);
  const rank = new Map<SortValue, number>(texts.map((text, index) => [text, index]));
  const keys = new Float64Array(values.length);
  for (let i = 0; i < keys.length; i++) keys[i] = rank.get(values[i]!) ?? Number.NaN;
  return keys;
}
