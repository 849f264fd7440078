// Which rows of a long list are in sight, and where each stands: rows of one height, one or several beside each other.

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
