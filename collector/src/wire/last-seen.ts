// When each host was last heard, written for all of them together every ten seconds instead of with every pulse.
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { touchHosts } from '../store/queries/hosts.ts';
import type { Database } from '../store/schema.ts';
import type { CollectorClock } from './clock.ts';

const writeMs = 10_000;

export interface LastSeenOptions {
  db: Kysely<Database>;
  log: Logger;
  clock: CollectorClock;
}

/** Holds one entry a host, so it is bounded by the fleet; what a lost database did not take is written the next time. */
export class LastSeen implements AsyncDisposable {
  readonly #options: LastSeenOptions;
  readonly #timer: NodeJS.Timeout;
  #seen = new Map<number, Date>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: LastSeenOptions) {
    this.#options = options;
    this.#timer = setInterval(() => (this.#writing = this.#writing.then(() => this.#write())), writeMs).unref();
  }

  saw(hostId: number): void {
    this.#seen.set(hostId, new Date(this.#options.clock.wallUs() / 1000));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.#write();
  }

  async #write(): Promise<void> {
    const { db, log } = this.#options;
    const seen = this.#seen;
    this.#seen = new Map();
    try {
      await touchHosts(db, seen);
    } catch (error) {
      this.#seen = new Map([...seen, ...this.#seen]);
      log.warn({
        event: 'last-seen-unwritten',
        hosts: seen.size,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
