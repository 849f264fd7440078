// Which rows of a long list are in sight, and how keys walk through it: rows of one height, one or several beside each other.

export interface Window {
  first: number;
  last: number;
}

/** Rows of `rowHeight`, each holding `perRow` items; some more on both sides, so that a fast wheel shows no holes. */
export function visibleWindow(
  scrollTop: number,
  height: number,
  rowHeight: number,
  total: number,
  perRow = 1,
  overscan = 6,
): Window {
  const rows = Math.ceil(total / perRow);
  const top = Math.min(scrollTop, Math.max(0, rows * rowHeight - height));
  return {
    first: Math.max(0, Math.floor(top / rowHeight) - overscan) * perRow,
    last: Math.min(total, (Math.ceil((top + height) / rowHeight) + overscan) * perRow),
  };
}

/** By how many rows a key moves; `far` for those that go to an end. */
export const far = 1e9;
export const rowSteps: Readonly<Record<string, number>> = {
  j: 1,
  ArrowDown: 1,
  k: -1,
  ArrowUp: -1,
  PageDown: 20,
  PageUp: -20,
  Home: -far,
  End: far,
};

/** The column that an arrow key goes to, undefined for other keys; at an end it stays. */
export function columnBeside(
  columns: readonly { id: string }[],
  id: string | undefined,
  key: string,
): string | undefined {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (step === undefined) return undefined;
  const at = columns.findIndex((column) => column.id === id);
  return columns[Math.min(columns.length - 1, Math.max(0, at + step))]?.id;
}

/** Height of the head above the rows, which stays in sight. */
export const headPx = 27;

/** Where to scroll so that a row that begins at `top` is in sight below the head of a table of that height, all in px. */
export function scrolledTo(top: number, rowHeight: number, scrollTop: number, height: number): number {
  return Math.min(top, Math.max(scrollTop, top + rowHeight - (height - headPx)));
}
