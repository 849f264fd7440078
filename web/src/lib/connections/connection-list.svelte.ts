// A list of connections from the REST API, page by page, kept fresh while somebody looks at it and as long as it is of the present.
import type { UnknownSpan } from '@foretop/proto/api';
import { ApiError } from '../api/client.ts';
import type { ConnectionBatch } from './connection-batch.ts';
import { ConnectionEntry } from './connection-entry.ts';
import { idParts } from './connection-row.ts';
import { ConnectionStore } from './connection-store.ts';

export interface Question {
  /** `/connections` or `/hosts/{id}/connections`. */
  path: string;
  /** Filters that the collector applies. */
  filter: Record<string, string>;
  /** Its order: which rows come first when not all are loaded. */
  sort: string;
  /** `at`, `from`, `to`; empty for the present. */
  time: { at: string; from: string; to: string };
}

export interface ConnectionListOptions {
  fetchPage(path: string, signal: AbortSignal): Promise<ConnectionBatch>;
  hostName(hostId: number): string;
  /** Whether anybody would see a change. */
  isWatched(): boolean;
  onSignedOut(reason: string): void;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  monotonicMs(): number;
}

const pageRows = 1000;
/** Loaded without being asked; the rest follows as somebody scrolls, up to 100,000 rows. */
const firstPages = 5;
const mostPages = 100;
const refreshMs = 1000;
/** Pages of a refresh come at this distance at least, so that a long list costs no more a second than a short one. */
const paceMs = 250;
const retryMs = 3000;

export class ConnectionList {
  /** Rows that are loaded at most. */
  readonly most = mostPages * pageRows;
  /** Counts up with every change of the rows. */
  version = $state(0);
  known = $state(false);
  /** Every row that the question has is here. */
  complete = $state(false);
  /** How many rows the last whole look had; a look on its way holds rows of both. */
  loaded = $state(0);
  reading = $state(false);
  failure = $state<string | undefined>();
  asOfMs = $state<number | undefined>();
  unknown = $state.raw<readonly UnknownSpan[]>([]);
  readonly rows = new ConnectionStore();
  readonly #entry = new ConnectionEntry(this.rows);
  readonly #options: ConnectionListOptions;
  #question: Question | undefined;
  #stop: AbortController | undefined;
  #wake: (() => void) | undefined;
  #wantedPages = firstPages;
  /** Pages that the sweep before read: so many are refreshed at a pace, the ones after them are new. */
  #loadedPages = 0;
  #publishedMs = 0;

  constructor(options: ConnectionListOptions) {
    this.#options = options;
  }

  /** Shows what a question asks for. Rows that are here already are kept when they hold the whole answer. */
  ask(question: Question): void {
    const before = this.#question;
    if (before && sameRows(before, question) && (this.complete || before.sort === question.sort)) return;
    if (before && this.complete && holds(before, question)) return;
    this.#question = question;
    this.#wantedPages = firstPages;
    this.#loadedPages = 0;
    this.loaded = 0;
    this.complete = false;
    this.#stop?.abort();
    this.#stop = new AbortController();
    void this.#run(question, this.#stop.signal);
  }

  /** The end of the rows is in sight. */
  more(): void {
    if (this.complete || this.reading || this.#loadedPages < this.#wantedPages) return;
    this.#wantedPages = Math.min(mostPages, this.#wantedPages + 1);
    this.#wake?.();
  }

  /** Reads up to the bound without waiting for somebody to scroll. */
  all(): void {
    this.#wantedPages = mostPages;
    this.#wake?.();
  }

  get full(): boolean {
    return this.#wantedPages >= mostPages;
  }

  keyOf(id: string): number | undefined {
    const { hostId, high, low } = idParts(id);
    return this.#entry.keyOf(hostId, high, low);
  }

  stop(): void {
    this.#stop?.abort();
    this.#question = undefined;
  }

  async #run(question: Question, signal: AbortSignal): Promise<void> {
    const isPresent = question.time.at === '' && question.time.from === '';
    while (!signal.aborted) {
      const startedMs = this.#options.monotonicMs();
      const rest = await this.#sweep(question, signal);
      if (signal.aborted) return;
      if (rest === 'again') continue;
      if (rest === 'later') {
        await this.#pause(retryMs, signal);
        continue;
      }
      if (rest === 'never') return;
      do
        await this.#pause(
          isPresent ? Math.max(50, startedMs + refreshMs - this.#options.monotonicMs()) : 60_000,
          signal,
        );
      while (!signal.aborted && !this.#due(isPresent));
    }
  }

  #due(isPresent: boolean): boolean {
    if (!this.complete && this.#loadedPages < this.#wantedPages) return true;
    return isPresent && this.#options.isWatched();
  }

  /** Sleeps, unless more rows are wanted before. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const wake = new AbortController();
    this.#wake = () => wake.abort();
    await this.#options.sleep(ms, AbortSignal.any([signal, wake.signal]));
    this.#wake = undefined;
  }

  /** Reads every page that is wanted once, from the first; rows that are in none of them go. */
  async #sweep(question: Question, signal: AbortSignal): Promise<'done' | 'again' | 'later' | 'never'> {
    this.#entry.begin();
    let cursor: string | null = null;
    let pages = 0;
    do {
      const startedMs = this.#options.monotonicMs();
      this.reading = pages >= this.#loadedPages;
      try {
        const page: ConnectionBatch = await this.#options.fetchPage(pathOf(question, cursor), signal);
        if (signal.aborted) return 'done';
        cursor = page.nextCursor;
        this.#enter(page);
      } catch (error) {
        return this.#onError(error, cursor !== null, signal);
      }
      pages++;
      if (this.#loadedPages === 0) this.#entry.leaveUnseen(this.complete);
      this.loaded = Math.max(this.loaded, this.#entry.seen);
      const refreshing = cursor !== null && pages < this.#loadedPages;
      if (!refreshing || this.#options.monotonicMs() - this.#publishedMs >= refreshMs) this.#publish();
      if (refreshing) await this.#settle(startedMs + paceMs, signal);
      else this.#loadedPages = Math.max(this.#loadedPages, pages);
      if (signal.aborted) return 'done';
    } while (cursor !== null && pages < this.#wantedPages);
    this.#loadedPages = pages;
    this.complete = cursor === null;
    this.#entry.leaveUnseen(this.complete);
    this.loaded = this.rows.size;
    this.#publish();
    return 'done';
  }

  /** Until that time, and on as long as nobody looks. */
  async #settle(untilMs: number, signal: AbortSignal): Promise<void> {
    do await this.#options.sleep(Math.max(paceMs / 5, untilMs - this.#options.monotonicMs()), signal);
    while (!signal.aborted && !this.#options.isWatched());
  }

  #publish(): void {
    this.#publishedMs = this.#options.monotonicMs();
    this.reading = false;
    this.failure = undefined;
    this.known = true;
    this.version++;
  }

  #enter(page: ConnectionBatch): void {
    this.#entry.enter(page, this.#options.hostName);
    this.asOfMs = page.asOfMs;
    this.unknown = page.unknown;
  }

  #onError(error: unknown, inside: boolean, signal: AbortSignal): 'done' | 'again' | 'later' | 'never' {
    this.reading = false;
    if (signal.aborted) return 'done';
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 'signed-out') this.#options.onSignedOut(error.message);
    // A cursor that is no longer good: start again from the first page.
    if (error.code === 'refused' && inside) return 'again';
    this.failure = error.message;
    return error.retryable ? 'later' : 'never';
  }
}

function pathOf({ path, filter, sort, time }: Question, cursor: string | null): string {
  const parameters = new URLSearchParams({ limit: String(pageRows), sort, ...filter });
  for (const [name, value] of Object.entries(time)) if (value) parameters.set(name, value);
  if (cursor !== null) parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}

const sameRows = (a: Question, b: Question): boolean => holds(a, b) && holds(b, a);

/** Whether every row that `narrow` asks for is among those of `wide`: same time, and no filter that `narrow` does not have. */
export function holds(wide: Question, narrow: Question): boolean {
  return (
    wide.path === narrow.path &&
    wide.time.at === narrow.time.at &&
    wide.time.from === narrow.time.from &&
    wide.time.to === narrow.time.to &&
    Object.entries(wide.filter).every(([name, value]) => narrow.filter[name] === value)
  );
}
