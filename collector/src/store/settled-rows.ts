// What the size budget gives up last, since it is small and people made it: messages that were sent, then findings that are settled,
// then open ones of which nothing was seen for long.
import { type Kysely, sql } from 'kysely';
import { deleteOpenFindings, deleteSettledFindings } from './queries/findings.ts';
import { deleteEndedMessages } from './queries/notification-messages.ts';
import type { Database } from './schema.ts';

type ShrunkTable = 'notification_message' | 'finding' | 'finding_event';

export interface SettledRows {
  table: 'notification_message' | 'finding';
  rows: number;
}

interface Step {
  table: SettledRows['table'];
  remove: typeof deleteSettledFindings;
  /** What is newer stays whatever the budget says. */
  keepDays: number;
  shrunk: readonly ShrunkTable[];
}

const ofFindings = ['finding', 'finding_event'] as const;

const steps: readonly Step[] = [
  { table: 'notification_message', remove: deleteEndedMessages, keepDays: 0, shrunk: ['notification_message'] },
  { table: 'finding', remove: deleteSettledFindings, keepDays: 0, shrunk: ofFindings },
  { table: 'finding', remove: deleteOpenFindings, keepDays: 90, shrunk: ofFindings },
];

const dayMs = 86_400_000;
/** Less is not worth writing a table anew, which is what gives room back. */
const leastBytes = 1 << 20;

export class SettledRowsDropper {
  /** Rows of these were deleted, and their room is not given back yet. */
  readonly #loose = new Set<ShrunkTable>();

  /**
   * Deletes rows of before `midnight`, each step the oldest first, until `excess` tells no more bytes.
   * @throws when a table is in use and could not be written anew; the next call begins with that.
   */
  async drop(db: Kysely<Database>, midnight: Date, excess: () => Promise<number>): Promise<SettledRows[]> {
    await this.#giveBack(db);
    const dropped: SettledRows[] = [];
    for (const { table, remove, keepDays, shrunk } of steps) {
      const bytes = await excess();
      if (bytes <= 0) break;
      const before = new Date(midnight.getTime() - keepDays * dayMs);
      const limits = { before, bytes: Math.max(Math.ceil(bytes), leastBytes), leastBytes };
      const rows = await db.transaction().execute((transaction) => remove(transaction, limits));
      if (rows === 0) continue;
      dropped.push({ table, rows });
      for (const name of shrunk) this.#loose.add(name);
      await this.#giveBack(db);
    }
    return dropped;
  }

  /** VACUUM FULL writes the table anew under an exclusive lock: some seconds at most, since only small tables are here. */
  async #giveBack(db: Kysely<Database>): Promise<void> {
    if (this.#loose.size === 0) return;
    await sql`set lock_timeout = '2s'`.execute(db);
    try {
      for (const table of [...this.#loose]) {
        await sql`vacuum (full) ${sql.table(table)}`.execute(db);
        this.#loose.delete(table);
      }
    } finally {
      await sql`reset lock_timeout`.execute(db);
    }
  }
}
