// DNS exchanges from the REST API: the newest of the present over and over, of the past page by page as somebody scrolls.
import type { DnsFacets, DnsList as Page, UnknownSpan } from '@foretop/proto/api';
import { ApiError, request } from '../api/client.ts';
import { session } from '../api/session.svelte.ts';
import { live } from '../live/live.svelte.ts';
import { dnsRow, type DnsRow } from './dns-row.ts';

export interface DnsQuestion {
  /** undefined: all hosts. */
  hostId: number | undefined;
  filter: Record<string, string>;
  /** `at`, `from`, `to`; empty for the present. */
  time: Record<string, string>;
}

const pageRows = 500;
const mostRows = 20_000;
const everyMs = 2000;

export class DnsList {
  /** Counts up with every change of the rows. */
  version = $state(0);
  known = $state(false);
  complete = $state(false);
  failure = $state('');
  facets = $state.raw<DnsFacets | undefined>();
  unknown = $state.raw<readonly UnknownSpan[]>([]);
  rows = $state.raw<ReadonlyMap<number, DnsRow>>(new Map());
  readonly #keys = new Map<string, number>();
  #question: DnsQuestion | undefined;
  #stop: AbortController | undefined;
  #cursor: string | null = null;
  #paging = false;

  /** Another question; what was shown stays until its answer is there. */
  ask(question: DnsQuestion): void {
    this.stop();
    this.#question = question;
    this.known = false;
    this.#stop = new AbortController();
    void this.#follow(question, this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
  }

  keyOf(id: string): number | undefined {
    return this.#keys.get(id);
  }

  /** The next page of what is on record; the present begins anew each time. */
  async more(): Promise<void> {
    const [question, stop, cursor] = [this.#question, this.#stop, this.#cursor];
    if (!question || !stop || cursor === null || this.#paging || this.rows.size >= mostRows) return;
    this.#paging = true;
    try {
      const page = await this.#read(question, { cursor }, stop.signal);
      const rows = new Map(this.rows);
      this.#enter(page, rows);
      this.rows = rows;
      this.version++;
    } catch (error) {
      this.#failed(error, stop.signal);
    }
    this.#paging = false;
  }

  async #follow(question: DnsQuestion, signal: AbortSignal): Promise<void> {
    const isPresent = Object.keys(question.time).length === 0;
    do {
      if (document.visibilityState === 'visible' && live.pausedAtMs === undefined && !this.#paging) {
        await this.#refresh(question, signal);
      }
      if (isPresent) await new Promise((resolve) => setTimeout(resolve, everyMs));
    } while (isPresent && !signal.aborted);
  }

  async #refresh(question: DnsQuestion, signal: AbortSignal): Promise<void> {
    try {
      const [page, facets] = await Promise.all([
        this.#read(question, {}, signal),
        request<DnsFacets>(`/dns/facets?${this.#query(question, {}, true)}`, { signal }),
      ]);
      const rows = new Map<number, DnsRow>();
      this.#enter(page, rows);
      this.rows = rows;
      this.facets = facets;
      this.unknown = page.unknown;
      this.failure = '';
      this.known = true;
      this.version++;
    } catch (error) {
      this.#failed(error, signal);
    }
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (error instanceof ApiError && error.code === 'signed-out') session.ended(error.message);
    else this.failure = error instanceof Error ? error.message : String(error);
  }

  #query({ hostId, filter, time }: DnsQuestion, more: Record<string, string>, withHost: boolean): string {
    const host: Record<string, string> = withHost && hostId !== undefined ? { host: String(hostId) } : {};
    return new URLSearchParams({ ...filter, ...host, ...time, ...more }).toString();
  }

  #read(question: DnsQuestion, more: Record<string, string>, signal: AbortSignal): Promise<Page> {
    const path = question.hostId === undefined ? '/dns' : `/hosts/${question.hostId}/dns`;
    return request<Page>(`${path}?${this.#query(question, { limit: String(pageRows), ...more }, false)}`, { signal });
  }

  /** A row keeps its number as long as the list is asked, so that what is selected stays so. */
  #enter(page: Page, rows: Map<number, DnsRow>): void {
    for (const exchange of page.items) {
      const id = `${exchange.id} ${exchange.askedAt}`;
      let key = this.#keys.get(id);
      if (key === undefined) this.#keys.set(id, (key = this.#keys.size + 1));
      const host = live.fleet.hosts.get(exchange.hostId)?.name ?? `host ${exchange.hostId}`;
      rows.set(key, dnsRow(exchange, key, host));
    }
    this.#cursor = page.nextCursor;
    this.complete = page.nextCursor === null;
  }
}
