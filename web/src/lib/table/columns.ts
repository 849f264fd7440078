// Columns of a live table and which of them fit a width: the least important ones go first, the row never breaks.

export interface Column {
  id: string;
  label: string;
  /** More about the label. */
  title?: string;
  /** Text before the label that stands for traffic. */
  mark?: 'rx' | 'tx';
  minPx: number;
  /** How wide it is instead while nothing stands in it: whether there is room for it goes by `minPx` all the same. */
  emptyPx?: number;
  /** Share of the space that is left; 0 keeps the column at its minimum. */
  grow: number;
  right?: boolean;
  /** Larger goes first when space runs out; 0 stays always. */
  spare: number;
  /** Clicks on the header sort largest first. */
  descendingFirst?: boolean;
}

/** The least that they need together, in px. */
export const leastPx = (columns: readonly Column[]): number => columns.reduce((sum, { minPx }) => sum + minPx, 0);

export function fitColumns(columns: readonly Column[], widthPx: number): Column[] {
  const fitting = [...columns];
  while (leastPx(fitting) > widthPx) {
    const spare = Math.max(0, ...fitting.map((column) => column.spare));
    if (spare === 0) break;
    fitting.splice(
      fitting.findLastIndex((column) => column.spare === spare),
      1,
    );
  }
  return fitting;
}

/** The width of each column in px: what is left over goes to those that grow, by their share. */
export function columnWidths(columns: readonly Column[], widthPx: number): number[] {
  const least = columns.map(({ emptyPx, minPx }) => emptyPx ?? minPx);
  const left = Math.max(0, widthPx - least.reduce((sum, px) => sum + px, 0));
  const shares = columns.reduce((sum, column) => sum + column.grow, 0);
  return columns.map(({ grow }, place) => least[place]! + (shares > 0 ? Math.floor((left * grow) / shares) : 0));
}
