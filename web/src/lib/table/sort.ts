// A table's sort order in the address: `sort=-rx` is by receive rate, largest first.

export interface Sort {
  column: string;
  descending: boolean;
}

export function parseSort(text: string, known: readonly string[], fallback: Sort): Sort {
  const descending = text.startsWith('-');
  const column = descending ? text.slice(1) : text;
  return known.includes(column) ? { column, descending } : fallback;
}

export const formatSort = (sort: Sort): string => (sort.descending ? '-' : '') + sort.column;

/** A click on a header: turns the order of the same column, or starts with the order that is useful for another one. */
export const clickSort = (sort: Sort, column: string, descendingFirst: boolean): Sort =>
  sort.column === column ? { column, descending: !sort.descending } : { column, descending: descendingFirst };
