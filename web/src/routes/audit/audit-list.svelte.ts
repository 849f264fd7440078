// The audit log from the REST API: the newest over and over, older ones page by page as somebody scrolls.
import type { AuditEntry, List } from '@foretop/proto/api';
import { ApiError, request } from '#lib/api/client.ts';
import { messageOf, session } from '#lib/api/session.svelte.ts';
import { live } from '#lib/live/live.svelte.ts';
import { auditRow, type AuditRow } from './audit-row.ts';

const pageRows = 200;
const mostRows = 20_000;
const everyMs = 5_000;

export class AuditList {
  /** Counts up with every change of the rows. */
  version = $state(0);
  known = $state(false);
  complete = $state(false);
  failure = $state('');
  rows = $state.raw<ReadonlyMap<number, AuditRow>>(new Map());
  #query: Record<string, string> = {};
  #stop: AbortController | undefined;
  #cursor: string | null = null;
  #paging = false;

  /** Another question; what was shown stays until its answer is there. */
  ask(query: Record<string, string>): void {
    this.stop();
    this.#query = query;
    this.known = false;
    this.#stop = new AbortController();
    void this.#follow(this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
  }

  async more(): Promise<void> {
    const [stop, cursor] = [this.#stop, this.#cursor];
    if (!stop || cursor === null || this.#paging || !this.known || this.rows.size >= mostRows) return;
    this.#paging = true;
    try {
      const page = await this.#read({ cursor }, stop.signal);
      this.#enter(new Map(this.rows), page);
      this.#continueAt(page.nextCursor);
    } catch (error) {
      this.#failed(error, stop.signal);
    }
    this.#paging = false;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (let first = true; !signal.aborted; first = false) {
      if (first || document.visibilityState === 'visible') await this.#refresh(first, signal);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  /** New entries come on top of those that are here: an entry never changes. */
  async #refresh(first: boolean, signal: AbortSignal): Promise<void> {
    try {
      const page = await this.#read({}, signal);
      const overlaps = page.items.some(({ sequence }) => this.rows.has(sequence));
      const anew = first || !this.known || (!overlaps && page.nextCursor !== null);
      this.#enter(anew ? new Map() : new Map(this.rows), page);
      if (anew) this.#continueAt(page.nextCursor);
      this.failure = '';
      this.known = true;
    } catch (error) {
      this.#failed(error, signal);
    }
  }

  #continueAt(cursor: string | null): void {
    this.#cursor = cursor;
    this.complete = cursor === null;
  }

  #enter(rows: Map<number, AuditRow>, page: List<AuditEntry>): void {
    const hostName = (id: number) => live.fleet.hosts.get(id)?.name ?? `host ${id}`;
    for (const entry of page.items) rows.set(entry.sequence, auditRow(entry, hostName));
    this.rows = rows;
    this.version++;
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (error instanceof ApiError && error.code === 'signed-out') session.ended(error.message);
    else this.failure = messageOf(error);
  }

  #read(more: Record<string, string>, signal: AbortSignal): Promise<List<AuditEntry>> {
    const query = new URLSearchParams({ ...this.#query, limit: String(pageRows), ...more });
    return request(`/audit?${query.toString()}`, { signal });
  }
}
