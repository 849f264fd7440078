// Findings from the REST API, over and over: rows are changed in place, so that what somebody looks at keeps its place.
import type { FindingList as Page } from '@foretop/proto/api';
import { ApiError, request } from '../api/client.ts';
import { messageOf, session } from '../api/session.svelte.ts';
import { findingRow, type FindingRow } from './finding-row.ts';

const pageRows = 200;
const mostPages = 10;
const everyMs = 3_000;
/** Of many pages all are read anew. */
const everyMsOfMany = 10_000;

export class FindingList {
  /** Counts up with every change of the rows. */
  version = $state(0);
  /** Counts up with every other question: rows may take other places then. */
  generation = $state(0);
  known = $state(false);
  complete = $state(false);
  failure = $state('');
  /** What the filter finds in all; null: too many to count. */
  total = $state<number | null>(0);
  readonly rows = new Map<number, FindingRow>();
  readonly #keys = new Map<string, number>();
  #query: (() => Record<string, string>) | undefined;
  #stop: AbortController | undefined;
  #pages = 1;
  #reading: Promise<void> | undefined;

  /** Another question; what was shown stays until its answer is there. It is made anew for each reading, since the present moves. */
  ask(query: () => Record<string, string>): void {
    this.stop();
    this.#query = query;
    this.#pages = 1;
    this.known = false;
    this.#stop = new AbortController();
    void this.#follow(this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
  }

  keyOf(id: string): number | undefined {
    return this.#keys.get(id);
  }

  /** The end of the rows is near. */
  async more(): Promise<void> {
    if (!this.known || this.complete || this.#pages >= mostPages || this.#reading || !this.#stop) return;
    this.#pages++;
    await this.refresh();
  }

  /** After something was changed: what is shown is to say so at once. */
  async refresh(): Promise<void> {
    await this.#reading;
    const stop = this.#stop;
    if (!stop || stop.signal.aborted) return;
    this.#reading = this.#read(stop.signal).finally(() => (this.#reading = undefined));
    await this.#reading;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (let first = true; !signal.aborted; first = false) {
      if (first || document.visibilityState === 'visible') await this.refresh();
      await new Promise((resolve) => setTimeout(resolve, this.#pages > 1 ? everyMsOfMany : everyMs));
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const query = this.#query!();
    const found = new Set<number>();
    try {
      let cursor: string | null = null;
      let page: Page | undefined;
      const read: Page[] = [];
      for (let at = 0; at < this.#pages && (at === 0 || cursor !== null); at++) {
        const asked: URLSearchParams = new URLSearchParams({
          ...query,
          limit: String(pageRows),
          ...(cursor ? { cursor } : {}),
        });
        page = await request<Page>(`/findings?${asked.toString()}`, { signal });
        read.push(page);
        cursor = page.nextCursor;
      }
      if (!this.known) this.#startAnew();
      for (const { items } of read) for (const finding of items) found.add(this.#enter(finding));
      this.#letGo(found);
      this.total = page?.total ?? null;
      this.complete = cursor === null;
      this.failure = '';
      this.known = true;
      this.version++;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.code === 'signed-out') session.ended(error.message);
      else this.failure = messageOf(error);
    }
  }

  #startAnew(): void {
    this.rows.clear();
    this.generation++;
  }

  #enter(finding: Page['items'][number]): number {
    let key = this.#keys.get(finding.id);
    if (key === undefined) this.#keys.set(finding.id, (key = this.#keys.size + 1));
    const row = findingRow(finding, key);
    const before = this.rows.get(key);
    if (before) Object.assign(before, row);
    else this.rows.set(key, row);
    return key;
  }

  #letGo(found: ReadonlySet<number>): void {
    for (const [key, row] of this.rows) {
      if (found.has(key)) continue;
      row.closed = true;
      this.rows.delete(key);
    }
  }
}
