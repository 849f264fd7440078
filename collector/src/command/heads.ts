// Heads of audit chains, both ways: hosts keep the collector's and the collector keeps theirs, so that nobody rewrites their own unseen.
import { readStatement } from '@foretop/proto/trust';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { HeadSigner } from '../audit/head.ts';
import { insertAudit } from '../store/queries/audit.ts';
import { keepHostHead } from '../store/queries/audit-heads.ts';
import type { Database } from '../store/schema.ts';
import type { ControlLink } from './link.ts';
import { Rate } from './rate.ts';
import type { Strays } from './strays.ts';

const takenPerMinute = 12;
const conflictsPerMinute = 1;

export interface Heads {
  /** Sends the collector's head, unless this session has it. Never rejects. */
  send(link: ControlLink): Promise<void>;
  /** A host's head came. Never rejects. */
  received(link: ControlLink, statement: string): Promise<void>;
  forget(link: ControlLink): void;
  counters(): Record<string, number>;
}

export interface HeadsOptions {
  db: Kysely<Database>;
  signer: HeadSigner;
  strays: Strays;
  log: Logger;
  /** Unix milliseconds. */
  now: () => number;
  /** Monotonic milliseconds. */
  monotonic: () => number;
}

export function createHeads({ db, signer, strays, log, now, monotonic }: HeadsOptions): Heads {
  const sent = new WeakMap<ControlLink, string>();
  const turns = new WeakMap<ControlLink, Promise<void>>();
  const taken = new Rate<ControlLink>(takenPerMinute, monotonic);
  const conflicts = new Rate<number>(conflictsPerMinute, monotonic);
  const counts = { sent: 0, kept: 0, conflicts: 0 };

  const keep = async (link: ControlLink, statement: string): Promise<void> => {
    const { hostId, thumbprint } = link;
    const { sequence, hash, iat } = await readStatement('auditHead', statement, link.key);
    const times = { issuedAt: new Date(iat * 1000), receivedAt: new Date(now()) };
    const kept = await keepHostHead(db, { hostId, thumbprint, sequence, hash, statement, ...times });
    if (kept === undefined) return;
    counts.kept++;
    if (kept.fits) return;
    counts.conflicts++;
    log.warn({ event: 'host-audit-does-not-fit', hostId, sequence });
    if (!conflicts.take(hostId)) return;
    const detail = { hostId, sequence, hash };
    await insertAudit(db, { actor: `host ${hostId}`, action: 'audit.head-conflict', detail, outcome: 'failed' });
  };

  const take = async (link: ControlLink, statement: string): Promise<void> => {
    try {
      await keep(link, statement);
    } catch (error) {
      strays.add(link, 'a head that is not valid');
      log.debug({ event: 'host-head-refused', hostId: link.hostId, error: messageOf(error) });
    }
  };

  return {
    async send(link) {
      try {
        const head = await signer.current();
        if (head === undefined || sent.get(link) === head.statement) return;
        sent.set(link, head.statement);
        counts.sent++;
        link.send({ auditHead: { head: head.statement } });
      } catch (error) {
        log.warn({ event: 'audit-head-unsent', hostId: link.hostId, error: messageOf(error) });
      }
    },
    async received(link, statement) {
      if (!taken.take(link)) return void strays.add(link, 'a head');
      // One after the other: the order in which they come is what they are judged by.
      const turn = (turns.get(link) ?? Promise.resolve()).then(() => take(link, statement));
      turns.set(link, turn);
      await turn;
    },
    forget: (link) => taken.forget(link),
    counters: () => ({
      heads_sent_total: counts.sent,
      heads_kept_total: counts.kept,
      head_conflicts_total: counts.conflicts,
    }),
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
