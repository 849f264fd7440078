// What captures may take of the disk in a day, those that are under way included: people forget to stop what they start.
import type { CaptureParameters } from '@foretop/proto/tools';
import type { Kysely } from 'kysely';
import { CommandError } from '../command/errors.ts';
import { recentPacketBytes } from '../store/queries/tool-packets.ts';
import type { Database } from '../store/schema.ts';

const dayMs = 86_400_000;
/** Of all operators together. */
const mostDayBytes = 8 * 2 ** 30;

/** Throws CommandError too-many. */
export async function requireCaptureRoom(
  db: Kysely<Database>,
  { maxBytes }: CaptureParameters,
  hostCount: number,
  nowMs: number,
): Promise<void> {
  const taken = await recentPacketBytes(db, new Date(nowMs - dayMs));
  if (taken + maxBytes * hostCount <= mostDayBytes) return;
  throw new CommandError(
    'too-many',
    `Captures of the last 24 hours take ${gib(taken)} of the ${gib(mostDayBytes)} that they may take. Ask for fewer bytes or of fewer hosts.`,
  );
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
