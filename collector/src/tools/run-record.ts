// What stays of a run: its rows, and entries of the audit, each pair written together. What decides is written before it happens.
import type { Kysely } from 'kysely';
import type { CommandError } from '../command/errors.ts';
import type { Receipt } from '../command/exchange.ts';
import { auditOutcomes, type Operator } from '../command/record.ts';
import type { AuditOutcome } from '../store/audit-chain.ts';
import { type AuditDetail, insertAudit } from '../store/queries/audit.ts';
import {
  changeToolRunHost,
  endToolRuns,
  insertToolRun,
  type NewToolRun,
  type NewToolRunHost,
} from '../store/queries/tool-runs.ts';
import type { Database } from '../store/schema.ts';

/** A host's part of a run. */
export interface Part {
  runId: string;
  requestId: string;
  hostId: number;
  summary: string;
}

/** Every method throws when it cannot write. */
export interface RunRecord {
  asked(by: Operator, run: NewToolRun, hosts: readonly NewToolRunHost[], summary: string): Promise<void>;
  /** False: it is not open any more, and nothing is noted. */
  signed(by: Operator, part: Part, offerHash: string, signer: string): Promise<boolean>;
  /**
   * A receipt is here; also one that came after the wait was given up. `fault`: what came of it is not whole, whatever the host
   * says. False: there is one already.
   */
  ended(by: Operator, part: Part, offerHash: string, receipt: Receipt, fault?: string): Promise<boolean>;
  lost(by: Operator, part: Part, error: CommandError): Promise<boolean>;
  note(
    by: Operator,
    part: Omit<Part, 'requestId'>,
    action: string,
    more?: AuditDetail,
    outcome?: AuditOutcome,
  ): Promise<void>;
}

export function createRunRecord(db: Kysely<Database>, now: () => number): RunRecord {
  const write = (
    to: Kysely<Database>,
    by: Operator,
    { runId, hostId, summary }: Omit<Part, 'requestId'>,
    action: string,
    more: AuditDetail = {},
    outcome: AuditOutcome = 'done',
  ) => insertAudit(to, { actor: by.actor, action, detail: { runId, hostId, tool: summary, ...more }, outcome });
  /** Both or neither. */
  const change = (
    by: Operator,
    part: Part,
    states: Parameters<typeof changeToolRunHost>[2],
    changes: Parameters<typeof changeToolRunHost>[3],
    note: { action: string; more: AuditDetail; outcome?: AuditOutcome },
  ) =>
    db.transaction().execute(async (transaction) => {
      if (!(await changeToolRunHost(transaction, part.requestId, states, changes))) return false;
      await endToolRuns(transaction, [part.runId], new Date(now()));
      await write(transaction, by, part, note.action, note.more, note.outcome);
      return true;
    });

  return {
    asked: (by, run, hosts, summary) =>
      db.transaction().execute(async (transaction) => {
        await insertToolRun(transaction, run, hosts);
        const { runId } = run;
        const offered = hosts.filter(({ status }) => status === 'offered').length;
        const detail = { runId, tool: summary, hosts: hosts.length, offered };
        await insertAudit(transaction, { actor: by.actor, action: 'tool.ask', detail, outcome: 'done' });
        for (const { hostId, status, code, detail: said } of hosts) {
          if (status === 'refused')
            await write(transaction, by, { runId, hostId, summary }, 'tool.offer', { code, said }, 'refused');
        }
      }),
    signed: (by, part, offerHash, signer) =>
      change(
        by,
        part,
        ['offered'],
        { status: 'running', signed_at: new Date(now()) },
        {
          action: 'tool.sign',
          more: { offer: offerHash, signer },
        },
      ),
    ended(by, part, offerHash, { text, claims }, fault) {
      const { code, detail: said, operator } = claims;
      const isBroken = fault !== undefined && claims.outcome !== 'refused';
      const outcome = isBroken ? 'failed' : claims.outcome;
      const detail = isBroken ? `${fault} The host says: ${said}` : said;
      const status = outcome === 'refused' ? 'refused' : 'ended';
      const changes = { status, ended_at: new Date(now()), receipt: text, outcome, code, detail } as const;
      const signer = { signer: operator.thumbprint, signerName: operator.name };
      return change(by, part, ['running', 'lost'], changes, {
        action: 'tool.receipt',
        more: { offer: offerHash, result: outcome, code, said: detail, ...signer },
        outcome: auditOutcomes[outcome],
      });
    },
    lost(by, part, error) {
      const status = error.code === 'host-not-live' ? 'refused' : 'lost';
      const code = error.refusal ?? error.code;
      const changes = { status, ended_at: new Date(now()), code, detail: error.message } as const;
      return change(by, part, ['running'], changes, {
        action: 'tool.lost',
        more: { said: error.message },
        outcome: 'failed',
      });
    },
    note: (by, part, action, more, outcome) => write(db, by, part, action, more, outcome),
  };
}
