// Runs each source by itself, so that one that fails neither stops the tick nor stays silent.
import type { Logger } from 'pino';
import { messageOf } from '../host/host-error.ts';
import type { SourceFailure } from './tick.ts';

export class SourceHealth {
  readonly #log: Logger;
  readonly #failing = new Map<string, string>();
  #failures: SourceFailure[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** What `read` gives; `fallback` when it throws. */
  attempt<Value>(source: string, read: () => Value, fallback: Value): Value {
    try {
      return read();
    } catch (error) {
      this.fail({ source, message: messageOf(error) });
      return fallback;
    }
  }

  fail(failure: SourceFailure): void {
    this.#failures.push(failure);
  }

  /** Ends a tick: its failures. Logs sources that began or ceased to fail, not every second. */
  endTick(): SourceFailure[] {
    const failures = this.#failures;
    this.#failures = [];
    const now = new Map(failures.map(({ source, message }) => [source, message]));
    for (const [source, message] of now) {
      if (!this.#failing.has(source)) this.#log.warn({ event: 'source-failed', source, message }, 'source failed');
    }
    for (const source of this.#failing.keys()) {
      if (!now.has(source)) this.#log.info({ event: 'source-recovered', source }, 'source recovered');
    }
    this.#failing.clear();
    for (const [source, message] of now) this.#failing.set(source, message);
    return failures;
  }

  /** Why a source failed in the last tick; undefined when it did not. */
  message(source: string): string | undefined {
    return this.#failing.get(source);
  }
}
