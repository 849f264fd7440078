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
  /** The first is the one whose rows are deleted; those of the others go with them. */
  shrunk: readonly ShrunkTable[];
}

const ofFindings: readonly ShrunkTable[] = ['finding', 'finding_event'];

const steps: readonly Step[] = [
  { table: 'notification_message', remove: deleteEndedMessages, keepDays: 0, shrunk: ['notification_message'] },
  { table: 'finding', remove: deleteSettledFindings, keepDays: 0, shrunk: ofFindings },
  { table: 'finding', remove: deleteOpenFindings, keepDays: 90, shrunk: ofFindings },
];

const dayMs = 86_400_000;
/** Less is not worth writing a table anew, which is what gives room back. */
const leastBytes = 1 << 20;

export class SettledRowsDropper {
  /** Whose room is not given back yet: how many rows were deleted of the first of the tables. */
  readonly #loose = new Map<readonly ShrunkTable[], number>();

  /** Rows that were deleted still take room: a transaction that began before may read them. */
  get waits(): boolean {
    return this.#loose.size > 0;
  }

  /**
   * Deletes rows of before `midnight`, each step the oldest first, until `excess` tells no more bytes, or while what was deleted
   * keeps its room, when to delete more would help nobody.
   * @throws when a table is in use and could not be written anew; the next call begins with that.
   */
  async drop(db: Kysely<Database>, midnight: Date, excess: () => Promise<number>): Promise<SettledRows[]> {
    await this.#giveBack(db);
    const dropped: SettledRows[] = [];
    for (const { table, remove, keepDays, shrunk } of steps) {
      const bytes = await excess();
      if (bytes <= 0 || this.waits) break;
      const before = new Date(midnight.getTime() - keepDays * dayMs);
      const limits = { before, bytes: Math.max(Math.ceil(bytes), leastBytes), leastBytes };
      const rows = await db.transaction().execute((transaction) => remove(transaction, limits));
      if (rows === 0) continue;
      dropped.push({ table, rows });
      this.#loose.set(shrunk, rows);
      await this.#giveBack(db);
    }
    return dropped;
  }

  /** VACUUM FULL writes the table anew under an exclusive lock: some seconds at most, since only small tables are here. */
  async #giveBack(db: Kysely<Database>): Promise<void> {
    if (this.#loose.size === 0) return;
    await sql`set lock_timeout = '2s'`.execute(db);
    try {
      for (const [tables, rows] of [...this.#loose]) {
        if (await someHold(db, tables, rows)) continue;
        for (const table of tables) await sql`vacuum (full) ${sql.table(table)}`.execute(db);
        this.#loose.delete(tables);
      }
    } finally {
      await sql`reset lock_timeout`.execute(db);
    }
  }
}

/**
 * Whether one of the tables holds at least so many rows that were deleted. Each is asked: a snapshot that is taken between two
 * of them may be older than the one before, as old as the oldest writer of any database of the server.
 */
async function someHold(db: Kysely<Database>, tables: readonly ShrunkTable[], rows: number): Promise<boolean> {
  for (const table of tables) if ((await deadRows(db, table)) >= rows) return true;
  return false;
}

/** Rows that were deleted or changed and that VACUUM had to leave, since an older transaction may read them. VACUUM FULL would copy these. */
async function deadRows(db: Kysely<Database>, table: ShrunkTable): Promise<number> {
  // What this session has not told of its own deletions would be added to what VACUUM counts.
  await sql`select pg_stat_force_next_flush()`.execute(db);
  await sql`vacuum ${sql.table(table)}`.execute(db);
  const { rows } = await sql<{ dead: number }>`
    select pg_stat_get_dead_tuples(${table}::regclass) as dead`.execute(db);
  return rows[0]!.dead;
}
