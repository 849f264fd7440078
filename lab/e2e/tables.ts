// Reads the dashboard's tables as a person does: by column headings, and figures with their units.
import type { Locator } from '@playwright/test';

/** The cells of a row by the words of its columns. */
export async function cellsOf(grid: Locator, row: Locator): Promise<Record<string, string>> {
  const [heads, cells] = await Promise.all([
    grid.getByRole('columnheader').allInnerTexts(),
    row.getByRole('gridcell').allInnerTexts(),
  ]);
  const words = (text: string) => text.replace(/[↓↑▾▴\s]+/g, ' ').trim();
  return Object.fromEntries(heads.map((head, index) => [words(head), words(cells[index] ?? '')]));
}

const units: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };

/** Bytes, or bytes a second, of a figure such as "1.2 MB/s". NaN when it is none. */
export function bytesOf(text: string): number {
  const match = /^([\d.]+)\s*(B|kB|MB|GB)(\/s)?$/.exec(text.trim());
  return match ? Number(match[1]) * units[match[2]!]! : NaN;
}
