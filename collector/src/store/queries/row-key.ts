// Where a page of rows with ids of their own ended, and what lies beyond it: sorted by one column, unknown values last, then by id.
import { type RawBuilder, sql } from 'kysely';

/** A column to sort by: an expression over the found rows, and its type. */
export interface SortColumn {
  expression: RawBuilder<unknown>;
  type: 'text' | 'int8' | 'inet';
}

/** The sort column as text (null = unknown), then what makes the order total. */
export interface RowKey {
  value: string | null;
  hostId: number;
  /** 16 hex digits. */
  id: string;
}

export const textColumn = (expression: RawBuilder<unknown>): SortColumn => ({
  expression: sql`(${expression}) collate "C"`,
  type: 'text',
});
export const numberColumn = (expression: RawBuilder<unknown>): SortColumn => ({
  expression: sql`(${expression})::int8`,
  type: 'int8',
});
export const addressColumn = (expression: RawBuilder<unknown>): SortColumn => ({ expression, type: 'inet' });
/** Microseconds, which a Date would drop. */
export const timeColumn = (expression: RawBuilder<unknown>): SortColumn =>
  numberColumn(sql`extract(epoch from ${expression}) * 1000000`);

/** `id` is the column of ids. */
export function beyond(
  after: RowKey | undefined,
  { expression, type }: SortColumn,
  descending: boolean,
  id: RawBuilder<unknown>,
): RawBuilder<unknown> {
  if (after === undefined) return sql`true`;
  const rest = sql`(host_id, ${id}) > (${after.hostId}::int4, ('x' || ${after.id}::text)::bit(64)::int8)`;
  if (after.value === null) return sql`(${expression} is null and ${rest})`;
  const value = sql`${after.value}::text::${sql.raw(type)}`;
  const further = sql.raw(descending ? '<' : '>');
  return sql`(${expression} ${further} ${value} or ${expression} is null or (${expression} = ${value} and ${rest}))`;
}
