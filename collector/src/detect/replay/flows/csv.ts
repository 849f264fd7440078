// Tables of flows with a line of column names: comma, tab or semicolon between the cells, quotes around what holds one.
import type { Row } from '../fields.ts';

export class Csv {
  readonly #separator: string;
  readonly #columns: ReadonlyMap<string, number>;

  constructor(heading: string) {
    this.#separator = separatorOf(heading);
    const names = cellsOf(heading.replace(/^\uFEFF?#?/, ''), this.#separator);
    this.#columns = new Map(names.map((name, index) => [name.trim(), index]));
  }

  has(name: string): boolean {
    return this.#columns.has(name);
  }

  /** @returns undefined for a line with fewer than half of the columns. */
  row(line: string): Row | undefined {
    const cells = cellsOf(line, this.#separator);
    if (cells.length * 2 < this.#columns.size) return undefined;
    return (name) => {
      const index = this.#columns.get(name);
      const cell = index === undefined ? undefined : cells[index]?.trim();
      return cell === '' || cell === '-' ? undefined : cell;
    };
  }
}

export function separatorOf(heading: string): string {
  const counts = [',', '\t', ';'].map((separator) => [separator, heading.split(separator).length] as const);
  return counts.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

function cellsOf(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (character === '"' && isQuoted && line[at + 1] === '"') cell += line[++at]!;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else cell += character;
  }
  cells.push(cell);
  return cells;
}
