// Tells failures that another try mends from those that lie in the rows themselves.

/** SQLSTATE classes (PostgreSQL 18 manual, appendix A) that blame the data: 22 data exception, 23 integrity, 54 program limit. */
const dataClasses = new Set(['22', '23', '54']);

/**
 * Whether writing the same rows again would fail again. Everything that is not clearly the rows' fault (no connection, no
 * space, shutting down, no rights, no partition yet) is worth another try: the batches wait, and nothing is lost.
 */
export function isRowsFault(error: unknown, attempt: number): boolean {
  if (!(error instanceof Error)) return false;
  const code = sqlState(error);
  // A fault of our own, or of the client library when a connection breaks at a bad moment: only if it comes again and again.
  if (code === undefined) return attempt >= 5 && (error instanceof RangeError || error instanceof TypeError);
  return dataClasses.has(code.slice(0, 2)) && !isPartitionMissing(error);
}

/** 23514 is also what a row without a partition gets; the maintenance makes them ahead of time. */
function isPartitionMissing(error: Error): boolean {
  return sqlState(error) === '23514' && error.message.startsWith('no partition of relation');
}

/** 53100 disk_full: Postgres could not extend a file. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && (sqlState(error) === '53100' || error.message.includes('No space left on device'));
}

function sqlState(error: Error): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
