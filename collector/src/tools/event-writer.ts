// Writes what tools say, a few times a second for all runs together; what the database cannot take in time is dropped and counted.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Database } from '../store/schema.ts';
import { insertToolEvents, type KeptCounts, type NewToolEvent } from '../store/queries/tool-events.ts';
import type { Bell } from './bell.ts';

const flushEveryMs = 150;
const retryMs = 2_000;
/** Of all runs, waiting for the database. */
const mostWaitingBytes = 16 << 20;
const mostAtOnce = 2_000;

export class EventWriter implements AsyncDisposable {
  readonly #options: { db: Kysely<Database>; bell: Bell; log: Logger };
  #waiting: NewToolEvent[] = [];
  #counts = new Map<string, KeptCounts>();
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: { db: Kysely<Database>; bell: Bell; log: Logger }) {
    this.#options = options;
  }

  /** False: too much waits already, and this is not kept. */
  add(event: NewToolEvent): boolean {
    if (this.#waitingBytes + event.event.length > mostWaitingBytes) return false;
    this.#waiting.push(event);
    this.#waitingBytes += event.event.length;
    return true;
  }

  /** What the row of a host's part is to say, with the next write. */
  count(counts: KeptCounts): void {
    this.#counts.set(counts.requestId, counts);
    this.#writing ??= this.#write();
  }

  /** Resolves when all that was added before is written, or was given up. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#counts.size > 0) {
      await sleep(flushEveryMs);
      const events = this.#waiting.splice(0, mostAtOnce);
      const counts = [...this.#counts.values()];
      if (this.#waiting.length === 0) this.#counts.clear();
      if (!(await this.#insert(events, counts))) break;
      for (const { event } of events) this.#waitingBytes -= event.length;
      for (const runId of new Set(events.map((event) => event.runId))) this.#options.bell.ring(runId);
    }
    // In the same breath as the last look, so that nothing added from here on waits for nobody.
    this.#writing = undefined;
  }

  /** Tries until the database takes it, or the collector stops. */
  async #insert(events: readonly NewToolEvent[], counts: readonly KeptCounts[]): Promise<boolean> {
    const { db, log } = this.#options;
    for (;;) {
      try {
        await insertToolEvents(db, events, counts);
        return true;
      } catch (error) {
        log.warn({ event: 'tool-events-unwritten', events: events.length, error: String(error) });
        if (this.#stopped) return false;
        await sleep(retryMs);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.flush();
  }
}
