// Commands from the question to the receipt. A row outlives the collector that relayed it.
import { type Kysely, type Selectable, sql } from 'kysely';
import type { CommandStatus, WantedAction } from '@foretop/proto/api';
import type { Outcome } from '@foretop/proto/trust';
import type { Database } from '../schema.ts';

export type CommandRow = Selectable<Database['command']> & { hostName: string };

export interface NewCommand {
  requestId: string;
  hostId: number;
  operator: string;
  action: WantedAction;
  summary: string;
  status: 'queued' | 'offered';
  /** Of the offer, where there is one. */
  wireId?: string;
  offerHash?: string;
  /** Thumbprint of the collector's key. */
  relayedBy: string;
  createdAt: Date;
  expiresAt: Date;
}

export async function insertCommand(db: Kysely<Database>, command: NewCommand): Promise<true> {
  await db
    .insertInto('command')
    .values({
      request_id: command.requestId,
      host_id: command.hostId,
      operator: command.operator,
      action: JSON.stringify(command.action),
      summary: command.summary,
      status: command.status,
      relayed_by: command.relayedBy,
      created_at: command.createdAt,
      expires_at: command.expiresAt,
      wire_id: command.wireId,
      offer_hash: command.offerHash,
    })
    .execute();
  return true;
}

type Changes = Partial<{
  status: CommandStatus;
  wire_id: string | null;
  expires_at: Date;
  signed_at: Date;
  ended_at: Date;
  offer_hash: string | null;
  outcome: Outcome;
  code: string;
  detail: string;
  receipt: string;
  progress: string[];
}>;

/** Changes a command that is in one of these states. False: it is in none of them, so nothing was changed. */
export async function changeCommand(
  db: Kysely<Database>,
  requestId: string,
  states: readonly CommandStatus[],
  changes: Changes,
): Promise<boolean> {
  const result = await db
    .updateTable('command')
    .set(changes)
    .where('request_id', '=', requestId)
    .where('status', 'in', [...states])
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

const selected = sql`command.*, host.name as "hostName"`;

export async function findCommand(db: Kysely<Database>, requestId: string): Promise<CommandRow | undefined> {
  const { rows } = await sql<CommandRow>`
    select ${selected} from command join host using (host_id) where request_id = ${requestId}`.execute(db);
  return rows[0];
}

/** A command of this host that was sent and has no receipt yet, by the id that the host knows. */
export async function findUnreceipted(
  db: Kysely<Database>,
  hostId: number,
  wireId: string,
): Promise<CommandRow | undefined> {
  const { rows } = await sql<CommandRow>`
    select ${selected} from command join host using (host_id)
     where wire_id = ${wireId} and host_id = ${hostId} and status in ('signed', 'lost')`.execute(db);
  return rows[0];
}

export interface CommandFilter {
  status: CommandStatus | undefined;
  /** undefined: all. */
  hostIds: readonly number[] | undefined;
}

/** Newest first. */
export async function listCommands(
  db: Kysely<Database>,
  query: CommandFilter & { before: { at: Date; requestId: string } | undefined; limit: number },
): Promise<CommandRow[]> {
  const { status, hostIds, before, limit } = query;
  const tests = [sql`true`];
  if (status !== undefined) tests.push(sql`status = ${status}::text`);
  if (hostIds !== undefined) tests.push(sql`host_id = any(${[...hostIds]}::int4[])`);
  if (before) tests.push(sql`(created_at, request_id) < (${before.at}::timestamptz, ${before.requestId}::text)`);
  const { rows } = await sql<CommandRow>`
    select ${selected} from command join host using (host_id) where ${sql.join(tests, sql` and `)}
     order by created_at desc, request_id desc limit ${limit}`.execute(db);
  return rows;
}

/** How many wait for a signature: of this operator, and in all. */
export async function countQueued(db: Kysely<Database>, operator: string): Promise<{ own: number; all: number }> {
  const { rows } = await sql<{ own: number; all: number }>`
    select count(*) filter (where operator = ${operator})::int4 as own, count(*)::int4 as all
      from command where status = 'queued'`.execute(db);
  return rows[0]!;
}

/** Those whose time is over. */
export async function expireCommands(db: Kysely<Database>, now: Date): Promise<void> {
  await sql`
    update command set status = 'expired', ended_at = ${now}::timestamptz
     where status in ('queued', 'offered') and expires_at <= ${now}::timestamptz`.execute(db);
}

/** What this collector had under way when it ended: offers are void, of what was sent the outcome is not known. Returns the latter's ids. */
export async function loseCommands(db: Kysely<Database>, relayedBy: string, now: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string; status: CommandStatus }>`
    update command set status = case status when 'offered' then 'expired' else 'lost' end, ended_at = ${now}::timestamptz
     where relayed_by = ${relayedBy} and status in ('offered', 'signed') returning request_id as id, status`.execute(
    db,
  );
  return rows.filter(({ status }) => status === 'lost').map(({ id }) => id);
}
