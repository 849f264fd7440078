// Zeek's tab-separated logs: headers that say what the columns are, rows, and headers again where logs were joined.
import type { Row } from '../fields.ts';

interface Header {
  separator: string;
  setSeparator: string;
  empty: string;
  unset: string;
  path: string;
  fields: ReadonlyMap<string, number>;
}

const fresh: Header = { separator: '\t', setSeparator: ',', empty: '(empty)', unset: '-', path: '', fields: new Map() };

export class ZeekTsv {
  #header: Header = fresh;

  get fields(): ReadonlyMap<string, number> {
    return this.#header.fields;
  }

  /** @returns the row, 'header' for a line that is none, or undefined for one that cannot be read. */
  read(line: string): Row | 'header' | undefined {
    const start = line.trimStart();
    if (start.startsWith('#')) {
      this.#readHeader(start);
      return 'header';
    }
    const { separator, fields } = this.#header;
    if (fields.size === 0) return undefined;
    const cells = line.split(separator);
    return (name) => {
      const index = fields.get(name);
      const cell = index === undefined ? undefined : cells[index];
      return cell === undefined || cell === this.#header.unset || cell === '' ? undefined : this.#text(cell);
    };
  }

  #readHeader(line: string): void {
    if (line.startsWith('#separator')) {
      this.#header = { ...fresh, separator: unescaped(line.slice('#separator'.length).trim()) || '\t' };
      return;
    }
    const [word = '', ...values] = line.split(this.#header.separator);
    const [value = ''] = values;
    const header = this.#header;
    if (word === '#set_separator') this.#header = { ...header, setSeparator: unescaped(value) };
    else if (word === '#empty_field') this.#header = { ...header, empty: value };
    else if (word === '#unset_field') this.#header = { ...header, unset: value };
    else if (word === '#path') this.#header = { ...header, path: value };
    else if (word === '#fields') {
      // Labelled logs append columns by other means, and some join them with blanks to the last one.
      this.#header = { ...header, fields: new Map(values.map((name, index) => [name.split(' ', 1)[0]!, index])) };
    }
  }

  /** Sets become comma-separated. */
  #text(cell: string): string {
    if (cell === this.#header.empty) return '';
    const { setSeparator } = this.#header;
    const joined = setSeparator === ',' ? cell : cell.replaceAll(setSeparator, ',');
    return joined.includes('\\x') ? unescaped(joined) : joined;
  }
}

const unescaped = (text: string) =>
  text.replaceAll(/\\x([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
