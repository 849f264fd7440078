// A batch's string table as text that Postgres can hold, the same as the live lane shows.
import { cleanText } from '../store/host-text.ts';

/** A batch's string table as UTF-8, each entry made when it is first asked for. */
export interface TextTable {
  /** undefined when the table has no such entry. */
  get(index: number): Uint8Array | undefined;
}

export function textTable(strings: readonly string[], maxLength: number): TextTable {
  const made: Uint8Array[] = [];
  return {
    get(index) {
      const known = made[index];
      if (known !== undefined) return known;
      const value = strings[index];
      if (value === undefined) return undefined;
      return (made[index] = Buffer.from(cleanText(value, maxLength)));
    },
  };
}
