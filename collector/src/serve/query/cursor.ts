// Page cursors: opaque to clients, checked when they come back, good only for the query that made them.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalidQuery } from './parameters.ts';

/** A hash of everything that decides which rows there are and in which order. */
export function fingerprint(question: unknown): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 16);
}

export function encodeCursor(of: string, position: unknown): string {
  return Buffer.from(JSON.stringify({ of, position })).toString('base64url');
}

/** Throws RequestError invalid-request. */
export function decodeCursor<Position>(cursor: string, of: string, position: z.ZodType<Position>): Position {
  const result = z.strictObject({ of: z.string(), position }).safeParse(parse(cursor));
  if (!result.success) throw invalidQuery([{ parameter: 'cursor', detail: 'is not one that this collector gave' }]);
  if (result.data.of !== of) {
    throw invalidQuery([
      { parameter: 'cursor', detail: 'belongs to other filters or another order; start again without it' },
    ]);
  }
  return result.data.position;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
