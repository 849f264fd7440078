// What people do to findings: states and notes, on the hosts that they see.
import type { FindingState } from '@foretop/proto/api';
import type { Kysely } from 'kysely';
import { type FindingEventRow, lockGroups, writeFindingEvents, writeFindings } from '../../store/queries/findings.ts';
import type { Database } from '../../store/schema.ts';
import { changed } from './merge.ts';
import type { Tallies } from './tallies.ts';
import type { FindingNews } from './writer.ts';

/** @returns how many findings on hosts changed; undefined: there are none such. */
export async function changeFindings(
  parts: {
    db: Kysely<Database>;
    tallies: Tallies;
    tell: (news: readonly FindingNews[]) => void;
    now: () => number;
  },
  which: { groupKeys: readonly string[]; hostIds: readonly number[] | undefined },
  change: { state?: FindingState | undefined; note?: string | undefined; by: string },
): Promise<number | undefined> {
  const { db, tallies, tell, now } = parts;
  const nowUs = now() * 1000;
  const outcome = await db.transaction().execute(async (transaction) => {
    const found = await lockGroups(transaction, which.groupKeys, which.hostIds);
    if (found.length === 0) return undefined;
    const turned = found.flatMap((before) => {
      const merged = changed(before, change, nowUs);
      return merged === undefined ? [] : [{ ...merged, was: before.state }];
    });
    await writeFindings(
      transaction,
      turned.map(({ row }) => row),
    );
    await writeFindingEvents(
      transaction,
      turned.flatMap(({ events }): FindingEventRow[] => events),
    );
    return turned;
  });
  if (outcome === undefined) return undefined;
  tallies.set(outcome.map(({ row }) => row));
  const resolved = outcome.filter(({ row, was }) => row.state === 'resolved' && was !== 'resolved');
  tell(resolved.map(({ row }) => ({ kind: 'resolved', finding: row })));
  return outcome.length;
}
