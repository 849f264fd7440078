// Reads the JSON body of a request: a type that no form of another site can send, and every fault told at once.
import type { z } from 'zod';
import { RequestError } from '../problem.ts';
import type { ServeContext } from './context.ts';

/** Throws RequestError invalid-request. `example` shows what is required. */
export async function readBody<Schema extends z.ZodType>(
  context: ServeContext,
  schema: Schema,
  example: string,
): Promise<z.output<Schema>> {
  const type = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new RequestError('invalid-request', 'A body of type application/json is required.');
  const body: unknown = await context.req.json().catch(() => undefined);
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const errors = result.error.issues
    .filter((issue) => issue.path.length > 0)
    .map((issue) => ({ parameter: issue.path.join('.'), detail: issue.message }));
  const [first] = errors;
  const detail =
    first === undefined ? `A body such as ${example} is required.` : `${first.parameter}: ${first.detail}.`;
  throw new RequestError('invalid-request', detail, { errors });
}
