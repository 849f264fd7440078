// Forms messages out of what waits: a route's changes together after its grouping time, never in quiet hours, never more an hour than it may.
import type { QuietHours } from '@foretop/proto/api';
import type { Kysely } from 'kysely';
import {
  deleteItems,
  type HoldingRoute,
  type RouteRules,
  selectHeldItems,
  selectHoldingRoutes,
  severityRank,
} from '../store/queries/notification-items.ts';
import { insertMessage } from '../store/queries/notification-messages.ts';
import type { Database } from '../store/schema.ts';
import { contentOf, subjectOf } from './content.ts';
import type { Item } from './item.ts';
import { isQuiet } from './quiet-hours.ts';

/** What waited so much longer than for its group was held back: the message is a digest. */
const heldBackMs = 60_000;

/** @param now Unix milliseconds. */
export async function gather(db: Kysely<Database>, now: number): Promise<void> {
  for (const route of await selectHoldingRoutes(db, new Date(now))) {
    const leastRank = leastRankNow(route.rules.quietHours, now);
    if (route.recent >= route.rules.mostPerHour || leastRank === undefined) continue;
    await db.transaction().execute((transaction) => form(transaction, route, leastRank, now));
  }
}

/** Which severities may be told: from this one on; undefined = none. */
function leastRankNow(quiet: QuietHours | null, now: number): number | undefined {
  if (quiet === null || !isQuiet(quiet, now)) return 0;
  return quiet.exceptFrom === null ? undefined : severityRank(quiet.exceptFrom);
}

async function form(db: Kysely<Database>, route: HoldingRoute, leastRank: number, now: number): Promise<void> {
  const held = await selectHeldItems(db, route.id, leastRank);
  const [first] = held;
  if (first === undefined) return;
  const dueMs = first.keptAt.getTime() + route.rules.groupSeconds * 1000;
  if (dueMs > now) return;
  const items = held.map(({ item }) => item as Item);
  await insertMessage(db, {
    channelId: route.channelId,
    route: { id: route.id, name: route.name },
    kind: now - dueMs > heldBackMs ? 'digest' : 'findings',
    count: items.length,
    subject: subjectOf(items),
    content: contentOf(items),
    createdAt: new Date(now),
    due: new Date(now),
  });
  await deleteItems(
    db,
    held.map(({ id }) => id),
  );
}

/** Why what a route holds is not sent yet. */
export function holdingOf(
  route: { on: boolean; channelOn: boolean; held: number; recent: number; rules: RouteRules },
  now: number,
): 'nothing' | 'grouping' | 'quiet-hours' | 'hourly-limit' | 'off' {
  if (route.held === 0) return 'nothing';
  if (!route.on || !route.channelOn) return 'off';
  if (route.recent >= route.rules.mostPerHour) return 'hourly-limit';
  return leastRankNow(route.rules.quietHours, now) === 0 ? 'grouping' : 'quiet-hours';
}
