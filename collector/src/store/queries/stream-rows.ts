// Reads a result of any size in portions of bounded size, over a server-side cursor; an abort cancels what the server does.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../schema.ts';

const portionRows = 1_000;
/** Of one portion; the first one waits for the whole sort. */
const portionTimeoutMs = 120_000;

/** Portions until the end. Ends the transaction when the consumer stops or the signal aborts. */
export async function* streamRows<Row>(
  db: Kysely<Database>,
  query: RawBuilder<Row>,
  signal: AbortSignal,
): AsyncGenerator<Row[], void, undefined> {
  signal.throwIfAborted();
  const transaction = await db.startTransaction().setAccessMode('read only').execute();
  try {
    await sql.raw(`set local statement_timeout = ${portionTimeoutMs}`).execute(transaction);
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
    const cancel = () => void sql`select pg_cancel_backend(${rows[0]!.pid}::int4)`.execute(db).catch(() => undefined);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      signal.throwIfAborted();
      await sql`declare portion no scroll cursor for ${query}`.execute(transaction);
      for (;;) {
        const portion = await sql<Row>`fetch ${sql.lit(portionRows)} from portion`.execute(transaction);
        signal.throwIfAborted();
        if (portion.rows.length === 0) return;
        yield portion.rows;
      }
    } finally {
      // Before the connection goes back: a late cancel would hit whoever has it next.
      signal.removeEventListener('abort', cancel);
    }
  } finally {
    await transaction.rollback().execute();
  }
}
