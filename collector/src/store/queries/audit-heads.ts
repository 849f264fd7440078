// Heads of hosts' audit chains, kept so that a host whose chain was cut or rewritten is found out.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface HostHead {
  hostId: number;
  /** Of the host's key. */
  thumbprint: string;
  sequence: number;
  /** Hex. */
  hash: string;
  issuedAt: Date;
  receivedAt: Date;
  /** It continues what came before from the same key. */
  fits: boolean;
  statement: string;
}

/** Of each host; what is older goes. Heads that do not fit are kept apart from the others, and as many. */
const keptHeads = 100;

/**
 * Keeps a head. `fits` of the answer: false when the same key had told a later end of its chain, or another hash for this one.
 * A head that is kept already is not kept again: undefined.
 */
export function keepHostHead(
  db: Kysely<Database>,
  head: Omit<HostHead, 'fits'>,
): Promise<{ fits: boolean } | undefined> {
  return db.transaction().execute(async (transaction) => {
    await sql`select host_id from host where host_id = ${head.hostId} for update`.execute(transaction);
    const { rows } = await sql<{ sequence: number; hash: string }>`
      select sequence, hash from audit_head
       where host_id = ${head.hostId} and thumbprint = ${head.thumbprint} and fits
       order by head_id desc limit 1`.execute(transaction);
    const last = rows[0];
    if (last?.sequence === head.sequence && last.hash === head.hash) return undefined;
    const fits = last === undefined || head.sequence > last.sequence;
    await transaction
      .insertInto('audit_head')
      .values({
        host_id: head.hostId,
        thumbprint: head.thumbprint,
        sequence: head.sequence,
        hash: head.hash,
        issued_at: head.issuedAt,
        received_at: head.receivedAt,
        fits,
        statement: head.statement,
      })
      .execute();
    await sql`
      delete from audit_head where head_id in (
        select head_id from audit_head where host_id = ${head.hostId} and fits = ${fits}
         order by head_id desc offset ${keptHeads})`.execute(transaction);
    return { fits };
  });
}

/** The newest head of each host and key, and all that do not fit. */
export async function listHostHeads(db: Kysely<Database>): Promise<(HostHead & { hostName: string })[]> {
  const { rows } = await sql<HostHead & { hostName: string }>`
    select host_id as "hostId", h.name as "hostName", thumbprint, sequence, hash, issued_at as "issuedAt",
           received_at as "receivedAt", fits, statement
      from audit_head join host h using (host_id)
     where not fits or head_id in (select max(head_id) from audit_head where fits group by host_id, thumbprint)
     order by host_id, head_id`.execute(db);
  return rows;
}
