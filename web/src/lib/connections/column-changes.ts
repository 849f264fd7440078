// What places do to the columns: one that nothing fills gives its room away, and one that was chosen stays as long as any.
import type { Column } from '../table/columns.ts';
import { connectionColumns } from './connection-columns.ts';
import type { Condition } from './connection-filter.ts';

export type PlaceColumn = 'country' | 'network';
/** By the column's id. */
export type ColumnChanges = Readonly<Record<string, Partial<Column>>>;

/** Its heading and no more; by which rows are sorted, with the mark of that. */
const headingPx = 62;
const sortedPx = 78;
/** Goes before every other column. */
const first = 11;
/** Goes after every other column: what was chosen, and before it the second of two rates. */
const last = 1;

interface Known {
  /** Why no row can have something in a column. */
  missing: Partial<Record<PlaceColumn, string>>;
  /** Columns in which nothing stands, as far as is known. */
  empty: readonly PlaceColumn[];
  /** By which rows are sorted. */
  sorted: string;
  conditions: readonly Condition[];
}

export function columnChanges({ missing, empty, sorted, conditions }: Known): ColumnChanges {
  const chosen = new Set([sorted, ...conditions.map(({ field }) => (field === 'asn' ? 'network' : field))]);
  const placeChosen = chosen.has('country') || chosen.has('network');
  const changes = connectionColumns.map((column): [string, Partial<Column>] => {
    const change: Partial<Column> = {};
    const { id } = column;
    if (id === 'country' || id === 'network') {
      if (missing[id]) change.title = missing[id];
      if (missing[id] || empty.includes(id))
        Object.assign(change, { emptyPx: sorted === id ? sortedPx : headingPx, grow: 0, spare: first });
    }
    if (chosen.has(id) && column.spare > last) change.spare = last;
    else if (id === 'tx' && placeChosen) change.spare = last + 1;
    return [id, change];
  });
  return Object.fromEntries(changes.filter(([, change]) => Object.keys(change).length > 0));
}
