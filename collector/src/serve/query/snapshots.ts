// Pages of a list that changes every second: the rest of a list is kept for a minute, so that no row is missed or seen twice.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { RequestError } from '../problem.ts';
import { encodeCursor } from './cursor.ts';

const lifeMs = 60_000;
/** Over all lists that are kept; the one used longest ago goes first. */
const mostItems = 200_000;

export const snapshotPosition = z.strictObject({ snapshot: z.uuid(), offset: z.int().min(1).max(1e9) });
export type SnapshotPosition = z.output<typeof snapshotPosition>;

export interface Page<Item, Context> {
  items: Item[];
  context: Context;
  nextCursor: string | null;
}

export interface Snapshots<Item, Context> {
  /** The first page. `of` is the query's fingerprint. */
  first(of: string, items: Item[], limit: number, context: Context): Page<Item, Context>;
  /** A further page. Throws RequestError page-expired. */
  next(of: string, position: SnapshotPosition, limit: number): Page<Item, Context>;
  counters(): Record<string, number>;
}

export function createSnapshots<Item, Context>(now: () => number = Date.now): Snapshots<Item, Context> {
  /** In the order of last use. */
  const kept = new Map<string, { items: Item[]; context: Context; usedMs: number }>();
  let keptItems = 0;
  let evicted = 0;

  const forget = (id: string) => {
    keptItems -= kept.get(id)?.items.length ?? 0;
    kept.delete(id);
  };
  const makeRoom = () => {
    for (const [id, { usedMs }] of kept) {
      const expired = usedMs < now() - lifeMs;
      if (!expired && keptItems <= mostItems) break;
      if (!expired) evicted += 1;
      forget(id);
    }
  };
  const page = (
    of: string,
    id: string,
    all: Item[],
    offset: number,
    limit: number,
    context: Context,
  ): Page<Item, Context> => {
    const end = offset + limit;
    const nextCursor = end < all.length ? encodeCursor(of, { snapshot: id, offset: end }) : null;
    return { items: all.slice(offset, end), context, nextCursor };
  };

  return {
    first(of, items, limit, context) {
      const id = randomUUID();
      if (items.length > limit) {
        kept.set(id, { items, context, usedMs: now() });
        keptItems += items.length;
        makeRoom();
      }
      return page(of, id, items, 0, limit, context);
    },
    next(of, { snapshot, offset }, limit) {
      makeRoom();
      const found = kept.get(snapshot);
      if (found === undefined) {
        throw new RequestError(
          'page-expired',
          'The list that this cursor continues is kept for a minute only; start again without it.',
        );
      }
      kept.delete(snapshot);
      kept.set(snapshot, { ...found, usedMs: now() });
      return page(of, snapshot, found.items, offset, limit, found.context);
    },
    counters: () => ({ snapshots: kept.size, snapshot_items: keptItems, snapshots_evicted_total: evicted }),
  };
}
