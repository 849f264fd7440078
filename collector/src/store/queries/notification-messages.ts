// Messages from being made to being sent, given up or dropped. An attempt is claimed before it is made, so that a crash in the middle repeats it later.
import { type Kysely, sql } from 'kysely';
import type { ChannelSettings, NotificationMessage, NotificationState } from '@foretop/proto/api';
import type { Database } from '../schema.ts';

export interface NewMessage {
  channelId: number;
  route: { id: number; name: string } | undefined;
  kind: NotificationMessage['kind'];
  count: number;
  subject: string;
  content: unknown;
  createdAt: Date;
  /** undefined: it is claimed by whoever makes it. */
  due: Date | undefined;
}

/** @returns its id. */
export async function insertMessage(db: Kysely<Database>, message: NewMessage): Promise<number> {
  const { channelId, route, kind, count, subject, content, createdAt, due } = message;
  const { rows } = await sql<{ id: number }>`
    insert into notification_message
           (channel_id, route_id, route_name, kind, count, subject, content, state, created_at, next_attempt_at)
    values (${channelId}, ${route?.id ?? null}, ${route?.name ?? null}, ${kind}, ${count}, ${subject},
            ${JSON.stringify(content)}::jsonb, 'waiting', ${createdAt}::timestamptz, ${due ?? null}::timestamptz)
    returning message_id as id`.execute(db);
  return rows[0]!.id;
}

/** A message with all that is needed to send it. */
export interface ClaimedMessage {
  id: number;
  channelId: number;
  channelName: string;
  settings: ChannelSettings;
  /** Base64url. */
  secret: string | null;
  routeName: string | null;
  kind: NotificationMessage['kind'];
  count: number;
  subject: string;
  content: unknown;
  createdAt: Date;
  /** This one included. */
  attempts: number;
}

const claimedColumns = sql`
  message_id as id, message.channel_id as "channelId", channel.name as "channelName", channel.settings, channel.secret,
  route_name as "routeName", kind, count, subject, content, message.created_at as "createdAt", attempts`;

/**
 * At most one of each channel, the oldest that is due, of channels that are on and not among `busy`. Whoever dies with it
 * holds it no longer than until `leaseUntil`.
 */
export async function claimMessages(
  db: Kysely<Database>,
  { now, leaseUntil, busy, limit }: { now: Date; leaseUntil: Date; busy: readonly number[]; limit: number },
): Promise<ClaimedMessage[]> {
  const { rows } = await sql<ClaimedMessage>`
    update notification_message message
       set attempts = attempts + 1, next_attempt_at = ${leaseUntil}::timestamptz
      from notification_channel channel
     where channel.channel_id = message.channel_id
       and message_id in (
         select message_id from notification_message due
          where state = 'waiting' and next_attempt_at <= ${now}::timestamptz
            and message_id in (
              select min(message_id) from notification_message first
                join notification_channel open on open.channel_id = first.channel_id
               where state = 'waiting' and next_attempt_at <= ${now}::timestamptz and open.enabled
                 and first.channel_id <> all(${[...busy]}::int4[])
               group by first.channel_id)
          order by next_attempt_at limit ${limit}
            for update skip locked)
    returning ${claimedColumns}`.execute(db);
  return rows;
}

/** Whatever its time and its channel's being on. undefined: it is not waiting. */
export async function claimMessage(
  db: Kysely<Database>,
  id: number,
  leaseUntil: Date,
): Promise<ClaimedMessage | undefined> {
  const { rows } = await sql<ClaimedMessage>`
    update notification_message message
       set attempts = attempts + 1, next_attempt_at = ${leaseUntil}::timestamptz
      from notification_channel channel
     where channel.channel_id = message.channel_id and message_id = ${id} and state = 'waiting'
    returning ${claimedColumns}`.execute(db);
  return rows[0];
}

export interface AttemptOutcome {
  state: 'waiting' | 'sent' | 'dead';
  detail: string;
  /** Exactly what was sent; null = nothing left this machine. */
  sent: string | null;
  at: Date;
  /** For the state waiting. */
  nextAttemptAt: Date | null;
}

/** Notes it at the message and at its channel. */
export async function endAttempt(db: Kysely<Database>, id: number, outcome: AttemptOutcome): Promise<void> {
  const { state, detail, sent, at, nextAttemptAt } = outcome;
  await sql`
    with message as (
      update notification_message
         set state = ${state}, detail = ${detail}, sent = coalesce(${sent}::text, sent),
             next_attempt_at = ${nextAttemptAt}::timestamptz,
             ended_at = case when ${state}::text = 'waiting' then null else ${at}::timestamptz end
       where message_id = ${id} and state = 'waiting' returning channel_id)
    update notification_channel channel
       set last_at = ${at}::timestamptz, last_ok = ${state === 'sent'}, last_detail = ${detail}
      from message where message.channel_id = channel.channel_id`.execute(db);
}

export interface MessageRow {
  id: number;
  channelId: number;
  channelName: string;
  routeName: string | null;
  state: NotificationState;
  kind: NotificationMessage['kind'];
  count: number;
  subject: string;
  createdAt: Date;
  attempts: number;
  nextAttemptAt: Date | null;
  detail: string;
  endedAt: Date | null;
}

const rowColumns = sql`
  message_id as id, message.channel_id as "channelId", channel.name as "channelName", route_name as "routeName", state, kind,
  count, subject, message.created_at as "createdAt", attempts, next_attempt_at as "nextAttemptAt", detail, ended_at as "endedAt"`;

/** Newest first. */
export async function listMessages(
  db: Kysely<Database>,
  query: {
    states: readonly NotificationState[] | undefined;
    channelId: number | undefined;
    beforeId: number | undefined;
    limit: number;
  },
): Promise<MessageRow[]> {
  const { states, channelId, beforeId, limit } = query;
  const tests = [sql`true`];
  if (states !== undefined) tests.push(sql`state = any(${[...states]}::text[])`);
  if (channelId !== undefined) tests.push(sql`message.channel_id = ${channelId}`);
  if (beforeId !== undefined) tests.push(sql`message_id < ${beforeId}`);
  const { rows } = await sql<MessageRow>`
    select ${rowColumns} from notification_message message join notification_channel channel using (channel_id)
     where ${sql.join(tests, sql` and `)} order by message_id desc limit ${limit}`.execute(db);
  return rows;
}

export async function findMessage(
  db: Kysely<Database>,
  id: number,
): Promise<(MessageRow & { sent: string | null }) | undefined> {
  const { rows } = await sql<MessageRow & { sent: string | null }>`
    select ${rowColumns}, sent from notification_message message join notification_channel channel using (channel_id)
     where message_id = ${id}`.execute(db);
  return rows[0];
}

/** A message that was given up is sent anew, with all its attempts before it. False: it is not one. */
export async function retryMessage(db: Kysely<Database>, id: number, now: Date): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update notification_message set state = 'waiting', attempts = 0, next_attempt_at = ${now}::timestamptz, ended_at = null
     where message_id = ${id} and state = 'dead'`.execute(db);
  return numAffectedRows === 1n;
}

/** One that waits or was given up is not sent any more. False: it is neither. */
export async function dropMessage(db: Kysely<Database>, id: number, now: Date): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update notification_message set state = 'dropped', next_attempt_at = null, ended_at = ${now}::timestamptz
     where message_id = ${id} and state in ('waiting', 'dead')`.execute(db);
  return numAffectedRows === 1n;
}

const keptDays = 30;
const mostEnded = 10_000;

/** Messages that ended long ago go, and so do the oldest beyond the bound. */
export async function pruneMessages(db: Kysely<Database>, now: Date): Promise<void> {
  await sql`
    delete from notification_message
     where state <> 'waiting'
       and (ended_at < ${now}::timestamptz - ${keptDays}::int4 * interval '1 day'
            or message_id <= (select message_id from notification_message where state <> 'waiting'
                               order by message_id desc offset ${mostEnded} limit 1))`.execute(db);
}

/**
 * Of those that were sent or dropped before, the oldest: so many that their rows took `bytes`; none where all of them take less than
 * `leastBytes`. What was given up stays, since it can be retried. @returns how many.
 */
export async function deleteEndedMessages(
  db: Kysely<Database>,
  { before, bytes, leastBytes }: { before: Date; bytes: number; leastBytes: number },
): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from notification_message message using (
      select message_id, sum(size) over () as total,
             sum(size) over (order by message_id rows unbounded preceding) - size as older
        from (select m.message_id, pg_column_size(m.*) as size from notification_message m
               where m.state in ('sent', 'dropped') and m.ended_at < ${before}) sized) ended
     where message.message_id = ended.message_id
       and total >= ${leastBytes}::int8 and older < ${bytes}::int8`.execute(db);
  return Number(numAffectedRows);
}

export async function countMessages(db: Kysely<Database>): Promise<{ waiting: number; dead: number }> {
  const { rows } = await sql<{ waiting: number; dead: number }>`
    select count(*) filter (where state = 'waiting')::int4 as waiting, count(*) filter (where state = 'dead')::int4 as dead
      from notification_message`.execute(db);
  return rows[0]!;
}
