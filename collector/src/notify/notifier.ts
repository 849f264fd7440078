// The service that keeps changes of findings until they are sent, forms messages out of them, and delivers these.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Store } from '../store/database.ts';
import { pruneMessages } from '../store/queries/notification-messages.ts';
import type { FindingSink } from './change.ts';
import { type Courier, createCourier } from './courier.ts';
import { gather } from './gather.ts';
import { createIntake } from './intake.ts';
import { createSenders } from './senders.ts';
import type { MailServer } from './send-email.ts';

export interface NotifierOptions {
  store: Pick<Store, 'db' | 'collectorId'>;
  /** undefined: none was set up. */
  mail: MailServer | undefined;
  /** Where people reach the dashboard, for links: an origin. */
  dashboard: string;
  version: string;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
  everyMs?: number;
}

export interface Notifier extends FindingSink, AsyncDisposable {
  /** Sends a message that is there at once, whatever is set; resolves when that is done, well or not. */
  deliverNow: Courier['deliverNow'];
  mail: MailServer | undefined;
  counters(): Record<string, number>;
}

const turnMs = 1_000;
const pruneEveryMs = 3_600_000;

/** Disposal breaks off what is being sent; it is sent after the next start, as is all that waits. */
export function startNotifier(options: NotifierOptions): Notifier {
  const { store, log, now = Date.now } = options;
  const intake = createIntake({ db: store.db, now, failed: noteFailure });
  const stop = new AbortController();
  const { signal } = stop;
  const courier = createCourier({ db: store.db, senders: createSenders({ ...options, signal }), log, now, signal });
  const work = repeat();

  function noteFailure(error: unknown): void {
    log.warn({ event: 'notifications-failed', error: String(error) });
  }

  async function repeat(): Promise<void> {
    let prunedMs = -Infinity;
    while (!signal.aborted) {
      try {
        await intake.flush();
        await gather(store.db, now());
        await courier.turn();
        if (now() - prunedMs > pruneEveryMs) {
          prunedMs = now();
          await pruneMessages(store.db, new Date(prunedMs));
        }
      } catch (error) {
        noteFailure(error);
        await sleep(5_000, undefined, { signal, ref: false }).catch(() => undefined);
      }
      await sleep(options.everyMs ?? turnMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  return {
    findings: (changes) => intake.findings(changes),
    deliverNow: (messageId) => courier.deliverNow(messageId),
    mail: options.mail,
    counters: () => ({ ...intake.counters(), ...courier.counters() }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await work;
      await intake.flush().catch(noteFailure);
      await courier.idle();
    },
  };
}
