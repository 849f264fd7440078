// Columns of a live table and which of them fit a width: the least important ones go first, the row never breaks.

export interface Column {
  id: string;
  label: string;
  /** Text before the label that stands for traffic. */
  mark?: 'rx' | 'tx';
  minPx: number;
  /** Share of the space that is left; 0 keeps the column at its minimum. */
  grow: number;
  right?: boolean;
  /** Larger goes first when space runs out; 0 stays always. */
  spare: number;
  /** Clicks on the header sort largest first. */
  descendingFirst?: boolean;
}

export function fitColumns<C extends Column>(columns: readonly C[], widthPx: number): C[] {
  const fitting = [...columns];
  let total = fitting.reduce((sum, column) => sum + column.minPx, 0);
  while (total > widthPx) {
    const spare = fitting.reduce((worst, column) => Math.max(worst, column.spare), 0);
    if (spare === 0) break;
    const index = fitting.findLastIndex((column) => column.spare === spare);
    total -= fitting[index]!.minPx;
    fitting.splice(index, 1);
  }
  return fitting;
}

/** The width of each column in px: what is left over goes to those that grow, by their share. */
export function columnWidths(columns: readonly Column[], widthPx: number): number[] {
  const left = Math.max(0, widthPx - columns.reduce((sum, column) => sum + column.minPx, 0));
  const shares = columns.reduce((sum, column) => sum + column.grow, 0);
  return columns.map((column) => column.minPx + (shares > 0 ? Math.floor((left * column.grow) / shares) : 0));
}
