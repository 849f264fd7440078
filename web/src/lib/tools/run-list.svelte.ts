// What was run before: the newest first, page by page, for a tool, a host and words.
import type { ToolRun, ToolRunList } from '@foretop/proto/api';
import { ApiError, request } from '../api/client.ts';
import { messageOf, session } from '../api/session.svelte.ts';

const pageRows = 50;

export class RunList {
  runs = $state.raw<readonly ToolRun[]>([]);
  known = $state(false);
  failure = $state('');
  more = $state(false);
  #cursor: string | null = null;
  #query: Record<string, string> = {};
  #stop: AbortController | undefined;

  async ask(query: Record<string, string>): Promise<void> {
    this.#query = query;
    this.known = false;
    await this.#read({}, []);
  }

  async next(): Promise<void> {
    if (this.#cursor !== null) await this.#read({ cursor: this.#cursor }, this.runs);
  }

  stop(): void {
    this.#stop?.abort();
  }

  async #read(extra: Record<string, string>, before: readonly ToolRun[]): Promise<void> {
    this.#stop?.abort();
    const { signal } = (this.#stop = new AbortController());
    try {
      const query = new URLSearchParams({ ...this.#query, limit: String(pageRows), ...extra });
      const page = await request<ToolRunList>(`/tool-runs?${query.toString()}`, { signal });
      this.runs = [...before, ...page.items];
      this.#cursor = page.nextCursor;
      this.more = page.nextCursor !== null;
      this.known = true;
      this.failure = '';
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.code === 'signed-out') return session.ended(error.message);
      this.failure = messageOf(error);
    }
  }
}
