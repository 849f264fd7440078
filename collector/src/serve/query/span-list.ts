// Lists of what happened within a span: which span is asked about, pages that go on from their last row, and what is not known.
import type { UnknownSpan } from '@foretop/proto/api';
import { z } from 'zod';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { selectGaps } from '../../store/queries/gaps.ts';
import type { RowKey, SortColumn } from '../../store/queries/row-key.ts';
import type { AskedHosts } from '../routes/context.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { heardAt } from './find-connections.ts';
import { timeOf } from './parameters.ts';
import { checkSortValue } from './sort-value.ts';
import { mostUnknownSpans, unknownSpans } from './unknown-spans.ts';

export interface Span {
  fromUs: number;
  toUs: number;
}

/** What no time, or `at`, asks for: so much up to now, or to that instant. */
const standardSpanUs = 900_000_000;

export const spanNote = 'The last 15 minutes; with at, the 15 minutes before that instant; or from and to.';

type Times = { at?: number | undefined; from?: number | undefined; to?: number | undefined };

/** Throws RequestError. */
export function askedSpan(query: Times, nowUs: number): Span {
  const time = timeOf(query, nowUs);
  if (time !== undefined && 'fromUs' in time) return time;
  const toUs = time?.atUs ?? nowUs;
  return { fromUs: toUs - standardSpanUs, toUs };
}

const rowPosition = z.strictObject({
  value: z.string().max(8192).nullable(),
  hostId: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  span: z.strictObject({ fromUs: z.int().min(0), toUs: z.int().min(0) }),
});

/** Where to go on, and in which span: that of the first page, although time has gone by. Throws RequestError. */
export function resume(
  cursor: string | undefined,
  of: string,
  { type }: SortColumn,
  span: Span,
): { span: Span; after: RowKey | undefined } {
  if (cursor === undefined) return { span, after: undefined };
  const { span: first, ...after } = decodeCursor(cursor, of, rowPosition);
  checkSortValue(after.value, type);
  return { span: first, after };
}

/** `rows` are one more than the page has when there is another page. */
export function pageOf<Row extends { hostId: number; id: string; sortValue: string | null }>(
  rows: readonly Row[],
  limit: number,
  of: string,
  span: Span,
): { rows: readonly Row[]; nextCursor: string | null } {
  if (rows.length <= limit) return { rows, nextCursor: null };
  const { sortValue, hostId, id } = rows[limit - 1]!;
  return { rows: rows.slice(0, limit), nextCursor: encodeCursor(of, { value: sortValue, hostId, id, span }) };
}

export interface UnknownOptions {
  store: Store;
  live: LiveHub;
  /** Of the rows asked about. */
  keptDays: number;
  now: () => number;
}

/** The span as the API writes it, with what of it is not known. */
export async function spanFacts(
  { hosts, named }: AskedHosts,
  span: Span,
  { store, live, keptDays, now }: UnknownOptions,
): Promise<{ from: string; to: string; asOf: string; unknown: UnknownSpan[] }> {
  const hostIds = named ? hosts.map((host) => host.hostId) : undefined;
  const gaps = await boundedRead(store.db, (db) => selectGaps(db, { hostIds, ...span, limit: mostUnknownSpans }));
  const nowUs = now() * 1000;
  const [from, to] = [span.fromUs, span.toUs].map((us) => new Date(us / 1000).toISOString()) as [string, string];
  const heardUs = (host: (typeof hosts)[number]) => heardAt(live, host, nowUs);
  return { from, to, asOf: to, unknown: unknownSpans(hosts, gaps, span, { nowUs, keptDays, heardUs }) };
}
