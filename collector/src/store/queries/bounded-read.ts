// Runs a query that people cause: read only, and ended by the server when it takes too long.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../schema.ts';

const queryTimeoutMs = 15_000;
/** A fleet's connections are sorted and joined in memory rather than on disk; a query takes a few times this at most. */
const workMemory = '32MB';

/** The server ended the query after its time was over. */
export class QueryTimeoutError extends Error {
  readonly code = 'query-timeout';
  readonly retryable = true;
  constructor(cause: unknown) {
    super(
      `The query took longer than ${queryTimeoutMs / 1000} s and was ended. Ask for fewer hosts or a shorter span.`,
      { cause },
    );
    this.name = 'QueryTimeoutError';
  }
}

/** SQLSTATE query_canceled. */
const canceled = '57014';

export async function boundedRead<Result>(
  db: Kysely<Database>,
  read: (transaction: Transaction<Database>) => Promise<Result>,
): Promise<Result> {
  try {
    return await db
      .transaction()
      .setAccessMode('read only')
      .execute(async (transaction) => {
        await sql
          .raw(`set local statement_timeout = ${queryTimeoutMs}; set local work_mem = '${workMemory}'`)
          .execute(transaction);
        return read(transaction);
      });
  } catch (error) {
    if ((error as { code?: string }).code === canceled) throw new QueryTimeoutError(error);
    throw error;
  }
}
