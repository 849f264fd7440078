// Takes messages that are due to their channels: one at a time for each, again and again with growing pauses, until they are given up.
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import {
  type ClaimedMessage,
  claimMessage,
  claimMessages,
  endAttempt,
} from '../store/queries/notification-messages.ts';
import type { Database } from '../store/schema.ts';
import { plainText } from './item.ts';
import type { Delivery } from './delivery.ts';
import type { Senders } from './senders.ts';

/** Longer than any sender's own patience: a claim outlives the attempt, unless the collector died with it. */
const leaseMs = 90_000;
const mostAtOnce = 8;
const mostAttempts = 8;
const [firstPauseMs, longestPauseMs] = [10_000, 3_600_000];
const longestDetail = 500;
/** Of what was sent; beyond it is cut in the record only. */
const longestRecord = 256 << 10;

export interface Courier {
  /** Begins what is due and can begin; does not wait for it to end. */
  turn(): Promise<void>;
  /** Sends one now, once: it is sent or dead after that. Rejects when the database does. */
  deliverNow(messageId: number): Promise<void>;
  /** When nothing is under way any more. */
  idle(): Promise<void>;
  counters(): Record<string, number>;
}

export interface CourierOptions {
  db: Kysely<Database>;
  senders: Senders;
  log: Logger;
  /** Unix milliseconds. */
  now: () => number;
  /** The collector stops: attempts that were broken off are due at once. */
  signal: AbortSignal;
  /** 0 … 1 */
  random?: () => number;
}

export function createCourier({ db, senders, log, now, signal, random = Math.random }: CourierOptions): Courier {
  const underWay = new Map<number, { channelId: number; done: Promise<void> }>();
  const counts = { sent_total: 0, failed_attempts_total: 0, given_up_total: 0 };

  async function deliver(message: ClaimedMessage, lastAttempt: boolean): Promise<void> {
    const delivery = await senders.send(message).catch((error: unknown): Delivery => {
      log.error({ event: 'notification-sender-failed', messageId: message.id, err: error });
      return { ok: false, permanent: false, detail: 'The sender failed; the log says why.', sent: null };
    });
    const outcome = outcomeOf(message, delivery, lastAttempt);
    if (outcome.state === 'sent') counts.sent_total++;
    else counts.failed_attempts_total++;
    if (outcome.state === 'dead') counts.given_up_total++;
    const level = outcome.state === 'sent' ? 'debug' : 'warn';
    log[level]({
      event: `notification-${outcome.state === 'waiting' ? 'delayed' : outcome.state}`,
      ...{ messageId: message.id, channel: message.channelName, attempts: message.attempts, detail: outcome.detail },
    });
    await endAttempt(db, message.id, outcome);
  }

  function outcomeOf(message: ClaimedMessage, delivery: Delivery, lastAttempt: boolean) {
    const detail = plainText(delivery.detail, longestDetail);
    const sent = delivery.sent?.slice(0, longestRecord).toWellFormed().replaceAll('\0', '\ufffd') ?? null;
    const at = new Date(now());
    if (delivery.ok) return { state: 'sent', detail, sent, at, nextAttemptAt: null } as const;
    if (signal.aborted) return { state: 'waiting', detail, sent, at, nextAttemptAt: at } as const;
    if (delivery.permanent || lastAttempt || message.attempts >= mostAttempts)
      return { state: 'dead', detail, sent, at, nextAttemptAt: null } as const;
    const pauseMs = Math.min(
      longestPauseMs,
      Math.max(pauseAfter(message.attempts, random()), delivery.retryAfterMs ?? 0),
    );
    return { state: 'waiting', detail, sent, at, nextAttemptAt: new Date(at.getTime() + pauseMs) } as const;
  }

  function begin(message: ClaimedMessage, lastAttempt: boolean): Promise<void> {
    const done = deliver(message, lastAttempt).finally(() => underWay.delete(message.id));
    underWay.set(message.id, { channelId: message.channelId, done });
    return done;
  }

  const lease = () => new Date(now() + leaseMs);

  return {
    async turn() {
      const limit = mostAtOnce - underWay.size;
      if (limit <= 0) return;
      const busy = [...underWay.values()].map(({ channelId }) => channelId);
      const due = await claimMessages(db, { now: new Date(now()), leaseUntil: lease(), busy, limit });
      for (const message of due) {
        begin(message, false).catch((error: unknown) =>
          log.warn({ event: 'notification-not-noted', messageId: message.id, error: String(error) }),
        );
      }
    },
    async deliverNow(messageId) {
      const message = await claimMessage(db, messageId, lease());
      if (message !== undefined) await begin(message, true);
    },
    async idle() {
      await Promise.allSettled([...underWay.values()].map(({ done }) => done));
    },
    counters: () => ({ ...counts, under_way: underWay.size }),
  };
}

/** 10 s after the first attempt, three times as long after each further one, at most an hour; a fifth more or less. */
export function pauseAfter(attempts: number, random: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 3 ** (attempts - 1)) * (0.8 + 0.4 * random);
}
