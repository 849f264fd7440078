// What schemas of answers are made of: numbers and times as the API writes them, lists, and the resources that others hold.
import type * as api from '@foretop/proto/api';
import { z } from 'zod';

/** Schemas with the names that they have in the document. */
export const named = z.registry<{ id: string }>();

export function name<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  named.add(schema, { id });
  return schema;
}

export const time = () => z.iso.datetime();
export const count = () => z.int().min(0);
export const unknownable = () => count().nullable();
export const hostId = () => z.int().min(1);
export const rowId = () => z.string().regex(/^\d+-[0-9a-f]{16}$/);
export const list = <Item extends z.ZodType>(item: Item) => ({
  items: z.array(item),
  nextCursor: z.string().nullable().describe('Give it as cursor for the next page; null on the last one.'),
  asOf: time().describe('The instant that the answer describes.'),
});

export const problem = name(
  'Problem',
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.strictObject({ parameter: z.string(), detail: z.string() })).optional(),
    refusal: z.string().optional().describe('Why a host refused a command: a refusal code.'),
  }) satisfies z.ZodType<api.Problem>,
);

export const container = name('Container', z.strictObject({ runtime: z.string(), id: z.string() }));

export const unknownSpan = name(
  'UnknownSpan',
  z.strictObject({
    hostId: hostId(),
    from: time(),
    to: time(),
    reason: z.string(),
  }) satisfies z.ZodType<api.UnknownSpan>,
);

export const gapEntry = name(
  'GapEntry',
  z.strictObject({
    from: time(),
    to: time(),
    reason: z.string(),
    lost: count(),
    detail: z.string(),
  }) satisfies z.ZodType<api.GapEntry>,
);

export const gaps = { gaps: z.array(gapEntry) };
export const span = { from: time(), to: time() };
