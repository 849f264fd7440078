// What stays of a command: its row, and entries of the audit, each pair written together. What decides is written before it happens.
import type { Outcome } from '@foretop/proto/trust';
import type { Kysely } from 'kysely';
import type { AuditOutcome } from '../store/audit-chain.ts';
import { type AuditDetail, insertAudit } from '../store/queries/audit.ts';
import { changeCommand } from '../store/queries/commands.ts';
import type { Database } from '../store/schema.ts';
import type { CommandError } from './errors.ts';
import type { Receipt } from './exchange.ts';

/** Who asks, as the audit names them. */
export interface Operator {
  actor: string;
}

/** The command that an entry is about. */
export interface Subject {
  requestId: string;
  hostId: number;
  summary: string;
}

interface Note {
  action: string;
  more?: AuditDetail;
  outcome?: AuditOutcome;
}

/** Every method throws when it cannot write. */
export interface CommandRecord {
  note(by: Operator, subject: Subject, note: Note): Promise<void>;
  /** Changes the row and notes it, both or neither. False: the row was not as it had to be, and nothing is noted. */
  change(
    by: Operator,
    subject: Subject,
    note: Note,
    work: (db: Kysely<Database>) => Promise<boolean>,
  ): Promise<boolean>;
  /** A receipt is here; also one that came after its command was given up. False: the command has one already. */
  ended(by: Operator, subject: Subject, offerHash: string, receipt: Receipt, progress: string[]): Promise<boolean>;
  /** No receipt: it was not sent (host-not-live), or what came of it is not known. */
  lost(by: Operator, subject: Subject, offerHash: string, error: CommandError): Promise<boolean>;
}

export function createCommandRecord(db: Kysely<Database>, now: () => number): CommandRecord {
  const write = (to: Kysely<Database>, by: Operator, subject: Subject, { action, more, outcome = 'done' }: Note) => {
    const { requestId, hostId, summary } = subject;
    const detail = { requestId, hostId, command: summary, ...more };
    return insertAudit(to, { actor: by.actor, action, detail, outcome });
  };
  const change: CommandRecord['change'] = (by, subject, note, work) =>
    db.transaction().execute(async (transaction) => {
      const changed = await work(transaction);
      if (changed) await write(transaction, by, subject, note);
      return changed;
    });
  return {
    note: (by, subject, note) => write(db, by, subject, note),
    change,
    ended(by, subject, offerHash, { text, claims }, progress) {
      const { outcome, code, detail, operator } = claims;
      const ended = { status: 'ended', ended_at: new Date(now()), receipt: text } as const;
      const changes = { ...ended, outcome, code, detail, progress };
      const signer = { signer: operator.thumbprint, signerName: operator.name };
      const more = { offer: offerHash, result: outcome, code, said: detail, ...signer };
      const note = { action: 'command.receipt', more, outcome: auditOutcomes[outcome] };
      return change(by, subject, note, (to) => changeCommand(to, subject.requestId, ['signed', 'lost'], changes));
    },
    lost(by, subject, offerHash, error) {
      const status = error.code === 'host-not-live' ? 'refused' : 'lost';
      const changes = { status, ended_at: new Date(now()), detail: error.message } as const;
      const note: Note = {
        action: 'command.lost',
        more: { offer: offerHash, said: error.message },
        outcome: 'failed',
      };
      return change(by, subject, note, (to) => changeCommand(to, subject.requestId, ['signed'], changes));
    },
  };
}

export const auditOutcomes: Record<Outcome, AuditOutcome> = {
  completed: 'done',
  cancelled: 'done',
  gone: 'done',
  closed: 'done',
  respawned: 'done',
  'still-there': 'failed',
  failed: 'failed',
  refused: 'refused',
};
