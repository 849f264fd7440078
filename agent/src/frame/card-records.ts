// Card numbers that were seen, masked, on their way to the collector: one row a connection, way and number.
import { tupleKey } from '../collect/connection.ts';
import type { TrackedCard } from '../collect/clear-text.ts';

/** Rows in one flush. */
const mostRows = 512;

export interface CardRecords {
  add(cards: readonly TrackedCard[]): void;
  /** The rows since the last flush, and how many found no room. */
  take(): { rows: TrackedCard[]; lost: number };
}

export function createCardRecords(): CardRecords {
  let rows = new Map<string, TrackedCard>();
  let lost = 0;
  return {
    add(cards) {
      for (const card of cards) {
        const key = `${tupleKey({ ...card, protocol: 6 })} ${card.sent} ${card.masked}`;
        const row = rows.get(key);
        if (row !== undefined) {
          row.count += card.count;
          row.score = Math.max(row.score, card.score);
          row.lastUs = Math.max(row.lastUs, card.lastUs);
        } else if (rows.size >= mostRows) lost++;
        else rows.set(key, { ...card });
      }
    },
    take() {
      const taken = { rows: [...rows.values()], lost };
      rows = new Map();
      lost = 0;
      return taken;
    },
  };
}
