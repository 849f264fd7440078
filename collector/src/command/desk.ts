// Where people's commands pass: asked for, offered by the host, signed, carried out; queued for those who sign elsewhere; bounded and recorded.
import { randomBytes } from 'node:crypto';
import type { CommandResult, WantedAction } from '@foretop/proto/api';
import type { Logger } from 'pino';
import type { Store } from '../store/database.ts';
import { cleanText } from '../store/host-text.ts';
import {
  changeCommand,
  type CommandRow,
  countQueued,
  expireCommands,
  findCommand,
  findUnreceipted,
  insertCommand,
  loseCommands,
} from '../store/queries/commands.ts';
import { CommandError } from './errors.ts';
import { type Exchange, readReceipt } from './exchange.ts';
import type { AskedAction, HeldOffer } from './held-offer.ts';
import type { ControlLink } from './link.ts';
import { type OpenOffer, OpenOffers, unknownOffer } from './open-offers.ts';
import { Rate } from './rate.ts';
import { createCommandRecord, type Operator, type Subject } from './record.ts';
import { checkSignature, type GivenSignature } from './signature.ts';

const signedPerMinute = 10;
const askedPerMinute = 30;
const queueLifeMs = 15 * 60_000;
const mostQueued = { own: 20, all: 500 };
const sweepMs = 15_000;

/** What somebody wants of a host: as the API says it, as the wire does, and for people. */
export interface Wanted {
  hostId: number;
  action: WantedAction;
  asked: AskedAction;
  summary: string;
}

export interface Offered {
  requestId: string;
  offer: HeldOffer;
  expiresAt: Date;
}

/** Every method throws CommandError for what a person can be told, and lets nothing happen that it could not record. */
export interface CommandDesk extends AsyncDisposable {
  /** Asks the host now. */
  offer(by: Operator, wanted: Wanted): Promise<Offered>;
  /** Keeps it for 15 minutes for whoever signs elsewhere; returns the request's id. */
  queue(by: Operator, wanted: Omit<Wanted, 'asked'>): Promise<string>;
  /** Asks the host for an offer of a queued command. */
  offerQueued(by: Operator, command: CommandRow, asked: AskedAction): Promise<Offered>;
  /** Sends the command with its signature, once, and waits for what comes of it. */
  sign(by: Operator, requestId: string, signature: GivenSignature): Promise<CommandResult>;
  withdraw(by: Operator, command: CommandRow): Promise<void>;
  /** Of a command that is being carried out. */
  progress(requestId: string): string[];
  /** A receipt that nobody waits for any more. */
  late(link: ControlLink, wireId: string, receipt: string): Promise<void>;
  counters(): Record<string, number>;
}

export interface DeskOptions {
  store: Pick<Store, 'db'>;
  exchange: Exchange;
  /** Thumbprint of this collector's key: what it had under way when it ended is marked lost at its next start. */
  keyThumbprint: string;
  log: Logger;
  /** Something about this host was recorded. */
  onRecorded: (hostId: number) => void;
  /** Unix milliseconds. */
  now?: () => number;
  /** Monotonic milliseconds. */
  monotonic?: () => number;
}

export async function openCommandDesk(options: DeskOptions): Promise<CommandDesk> {
  const { exchange, keyThumbprint, log, onRecorded, now = Date.now, monotonic = () => performance.now() } = options;
  const { db } = options.store;
  const record = createCommandRecord(db, now);
  const open = new OpenOffers(monotonic);
  const running = new Set<Promise<unknown>>();
  const signed = new Rate<string>(signedPerMinute, monotonic);
  const asked = new Rate<string>(askedPerMinute, monotonic);
  const counts = { offers: 0, signed: 0, ended: 0, lost: 0, refused: 0, late: 0 };

  const sweep = (): Promise<void> => {
    open.forgetExpired();
    return expireCommands(db, new Date(now())).catch((error: Error) => {
      log.warn({ event: 'commands-not-expired', error: error.message });
    });
  };
  for (const requestId of await loseCommands(db, keyThumbprint, new Date(now()))) {
    const row = await findCommand(db, requestId);
    const more = { said: 'The collector was started anew.' };
    if (row)
      await record.note({ actor: 'collector' }, subjectOf(row), { action: 'command.lost', more, outcome: 'failed' });
  }
  let sweeping = sweep();
  const timer = setInterval(() => (sweeping = sweeping.then(sweep)), sweepMs).unref();

  const requireRate = (by: Operator): void => {
    if (asked.take(by.actor)) return;
    throw new CommandError('too-many', `At most ${askedPerMinute} commands a minute can be asked for.`);
  };
  const askHost = async (by: Operator, subject: Subject, action: AskedAction): Promise<HeldOffer> => {
    requireRate(by);
    if (open.isFull) throw new CommandError('too-many', 'Too many offers wait for a signature already.');
    try {
      const offer = await exchange.ask(subject.hostId, cleanText(by.actor, 255), action);
      counts.offers++;
      return offer;
    } catch (error) {
      counts.refused++;
      if (error instanceof CommandError) {
        const more = { code: error.refusal ?? error.code, said: error.message };
        await record.note(by, subject, { action: 'command.offer', more, outcome: 'refused' });
      }
      throw error;
    }
  };
  const hold = (by: Operator, subject: Subject, offer: HeldOffer, queued: boolean): Offered => {
    open.hold(by, subject, offer, queued);
    const expiresAt = new Date(now() + offer.expiresMs - monotonic());
    return { requestId: subject.requestId, offer, expiresAt };
  };

  /** Sends it and records what comes; the answer is told also when it cannot be recorded. */
  const carryOut = async (
    by: Operator,
    held: OpenOffer,
    frame: Parameters<Exchange['send']>[1],
  ): Promise<CommandResult> => {
    const { subject, offer, progress } = held;
    const tell = (error: unknown) =>
      log.error({ event: 'command-unrecorded', requestId: subject.requestId, err: error });
    try {
      const receipt = await exchange.send(offer, frame, { progress });
      counts.ended++;
      await record.ended(by, subject, offer.hash, receipt, progress).catch(tell);
      const { outcome, detail } = receipt.claims;
      const code = receipt.claims.code as CommandResult['code'];
      return { requestId: subject.requestId, outcome, code, detail, receipt: receipt.text, progress };
    } catch (error) {
      counts.lost++;
      if (error instanceof CommandError) await record.lost(by, subject, offer.hash, error).catch(tell);
      throw error;
    } finally {
      open.forget(subject.requestId);
      onRecorded(subject.hostId);
    }
  };

  return {
    async offer(by, { hostId, action, asked: question, summary }) {
      const subject = { requestId: newRequestId(), hostId, summary };
      const offer = await askHost(by, subject, question);
      const held = hold(by, subject, offer, false);
      const { expiresAt } = held;
      const row = { ...subject, operator: by.actor, action, relayedBy: keyThumbprint, expiresAt };
      const ids = { wireId: offer.wireId, offerHash: offer.hash };
      await record.change(by, subject, offerNote(offer), (to) =>
        insertCommand(to, { ...row, ...ids, status: 'offered', createdAt: new Date(now()) }),
      );
      return held;
    },
    async queue(by, { hostId, action, summary }) {
      requireRate(by);
      const waiting = await countQueued(db, by.actor);
      if (waiting.own >= mostQueued.own || waiting.all >= mostQueued.all) {
        throw new CommandError('too-many', 'Too many commands wait for a signature already.');
      }
      const subject = { requestId: newRequestId(), hostId, summary };
      const [createdAt, expiresAt] = [new Date(now()), new Date(now() + queueLifeMs)];
      const row = { ...subject, operator: by.actor, action, relayedBy: keyThumbprint, createdAt, expiresAt };
      await record.change(by, subject, { action: 'command.queue' }, (to) =>
        insertCommand(to, { ...row, status: 'queued' }),
      );
      return subject.requestId;
    },
    async offerQueued(by, command, question) {
      if (command.status !== 'queued' || command.expires_at.getTime() <= now()) throw unknownOffer();
      const subject = subjectOf(command);
      const offer = await askHost(by, subject, question);
      const changes = { wire_id: offer.wireId, offer_hash: offer.hash };
      const isQueued = await record.change(by, subject, offerNote(offer), (to) =>
        changeCommand(to, subject.requestId, ['queued'], changes),
      );
      if (!isQueued) throw unknownOffer();
      return hold(by, subject, offer, true);
    },
    async sign(by, requestId, signature) {
      const held = open.toSign(by, requestId);
      const { subject, offer } = held;
      const { frame, signer } = checkSignature(signature, offer);
      exchange.linkFor(offer);
      if (!signed.take(by.actor)) {
        throw new CommandError('too-many', `At most ${signedPerMinute} commands a minute can be signed.`);
      }
      // From here on nobody can use this offer again, whatever comes of it.
      held.state = 'signing';
      try {
        // Another offer of the same queued command may have come meanwhile; this one is the one that is sent.
        const ids = { wire_id: offer.wireId, offer_hash: offer.hash };
        const changes = { ...ids, status: 'signed', signed_at: new Date(now()) } as const;
        const note = { action: 'command.sign', more: { offer: offer.hash, signer } };
        const isOpen = await record.change(by, subject, note, (to) =>
          changeCommand(to, requestId, ['offered', 'queued'], changes),
        );
        if (!isOpen) throw unknownOffer();
      } catch (error) {
        open.forget(requestId);
        throw error;
      }
      counts.signed++;
      const carrying = carryOut(by, held, frame);
      running.add(carrying);
      return carrying.finally(() => running.delete(carrying));
    },
    async withdraw(by, command) {
      const changes = { status: 'withdrawn', ended_at: new Date(now()) } as const;
      const isOpen = await record.change(by, subjectOf(command), { action: 'command.withdraw' }, (to) =>
        changeCommand(to, command.request_id, ['queued', 'offered'], changes),
      );
      if (!isOpen) throw unknownOffer();
      open.forget(command.request_id);
    },
    progress: (requestId) => open.progressOf(requestId),
    async late(link, wireId, text) {
      const row = await findUnreceipted(db, link.hostId, wireId);
      if (row?.offer_hash == null) return;
      const receipt = await readReceipt(text, link, row.offer_hash).catch(() => undefined);
      if (receipt === undefined) return;
      const by = { actor: row.operator };
      if (await record.ended(by, subjectOf(row), row.offer_hash, receipt, row.progress)) counts.late++;
      onRecorded(link.hostId);
    },
    counters: () => ({
      open: open.size,
      under_way: exchange.underWay,
      offers_total: counts.offers,
      offers_refused_total: counts.refused,
      signed_total: counts.signed,
      ended_total: counts.ended,
      lost_total: counts.lost,
      late_receipts_total: counts.late,
    }),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      exchange.stop();
      await Promise.allSettled([sweeping, ...running]);
    },
  };
}

const newRequestId = (): string => randomBytes(16).toString('hex');

const offerNote = (offer: HeldOffer) => ({ action: 'command.offer', more: { offer: offer.hash } });

const subjectOf = (row: CommandRow): Subject => ({
  requestId: row.request_id,
  hostId: row.host_id,
  summary: row.summary,
});
