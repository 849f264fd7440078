// Changes of findings on their way into the tables: written at once, and again and again while the database is away.
import type { Kysely } from 'kysely';
import { keepItems } from '../store/queries/notification-items.ts';
import type { Database } from '../store/schema.ts';
import type { FindingSink } from './change.ts';
import { type Item, itemOf } from './item.ts';

/** Beyond it the newest are left out, and counted. */
const mostPending = 5_000;
const portion = 500;

export interface Intake extends FindingSink {
  /** When everything that was handed in is in the tables. Rejects when the database does; then it stays. */
  flush(): Promise<void>;
  counters(): Record<string, number>;
}

/** `failed` is told of a write that nobody waited for. */
export function createIntake(options: {
  db: Kysely<Database>;
  now: () => number;
  failed: (error: unknown) => void;
}): Intake {
  const { db, now, failed } = options;
  const pending: { item: Item; at: Date }[] = [];
  const counts = { changes_total: 0, left_out_total: 0 };
  let writing: Promise<void> | undefined;

  const flush = (): Promise<void> =>
    (writing ??= write().finally(() => {
      writing = undefined;
    }));

  async function write(): Promise<void> {
    while (pending.length > 0) {
      const told = pending.slice(0, portion);
      const { leftOut } = await db.transaction().execute((transaction) => keepItems(transaction, told));
      pending.splice(0, told.length);
      counts.left_out_total += leftOut;
    }
  }

  return {
    findings(changes) {
      counts.changes_total += changes.length;
      const room = Math.max(0, mostPending - pending.length);
      counts.left_out_total += Math.max(0, changes.length - room);
      const at = new Date(now());
      pending.push(...changes.slice(0, room).map((change) => ({ item: itemOf(change), at })));
      if (pending.length > 0) flush().catch(failed);
    },
    flush,
    counters: () => ({ ...counts, pending: pending.length }),
  };
}
