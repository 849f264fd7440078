// Sends prepared rows to one table by COPY FROM STDIN (PostgreSQL 18 manual, "COPY Operations" of the frontend/backend protocol).
import type pg from 'pg';
import { copyHeader, copyTrailer } from './copy-encoder.ts';

/** Pieces of this size let the server work on the first while the next ones travel. */
const pieceBytes = 64 << 10;

/** `rows` are slices of a CopyEncoder; they must stay as they are until the promise settles. */
export function copyIn(
  client: pg.ClientBase,
  table: string,
  columns: readonly string[],
  rows: readonly Buffer[],
): Promise<void> {
  const text = `copy ${table} (${columns.join(', ')}) from stdin with (format binary)`;
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(text, rows, resolve, reject));
  });
}

/** What pg's connection offers for COPY; its type declarations leave it out. */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/**
 * A query in the sense of pg's Client, which calls these handlers. Written here because the rows are in memory already: no
 * stream is needed, and none that goes on writing after the server has refused the rows.
 */
class CopyIn implements pg.Submittable {
  readonly #text: string;
  readonly #rows: readonly Buffer[];
  readonly #done: () => void;
  readonly #failed: (error: Error) => void;

  constructor(text: string, rows: readonly Buffer[], done: () => void, failed: (error: Error) => void) {
    this.#text = text;
    this.#rows = rows;
    this.#done = done;
    this.#failed = failed;
  }

  submit(connection: pg.Connection): void {
    (connection as unknown as CopyConnection).query(this.#text);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(copyHeader);
    for (const slice of this.#rows) {
      for (let at = 0; at < slice.length; at += pieceBytes) {
        connection.sendCopyFromChunk(slice.subarray(at, at + pieceBytes));
      }
    }
    connection.sendCopyFromChunk(copyTrailer);
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {
    // ReadyForQuery follows, and settles it.
  }

  handleReadyForQuery(): void {
    this.#done();
  }

  handleError(error: Error): void {
    this.#failed(error);
  }
}
