// Follows a run: what its hosts say as it comes, going on after a break where it left off.
import type { ToolRun, ToolRunEvent } from '@foretop/proto/api';
import { serverEventReader } from '@foretop/proto/tools';
import { ApiError, respond } from '../api/client.ts';

const againMs = 1_000;
const longestWaitMs = 15_000;

export interface RunNews {
  /** In the order in which they were kept; at once what came at once. */
  said(events: ToolRunEvent[]): void;
  run(run: ToolRun): void;
  /** Not connected at the moment; empty = it is again. */
  cutOff(message: string): void;
}

/** Until the run has ended or the signal aborts. Throws ApiError for what no waiting mends. */
export async function followRun(runId: string, news: RunNews, signal: AbortSignal): Promise<void> {
  let after = '';
  for (let failures = 0; !signal.aborted;) {
    try {
      const headers = { accept: 'text/event-stream', ...(after !== '' && { 'last-event-id': after }) };
      const response = await respond(`/tool-runs/${encodeURIComponent(runId)}/events`, { headers, signal });
      news.cutOff('');
      failures = 0;
      const reader = response.body!.getReader();
      const read = serverEventReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const events = read(value);
        const said = events.filter(({ kind }) => kind === 'said');
        if (said.length > 0) news.said(said.map(({ data }) => JSON.parse(data) as ToolRunEvent));
        after = said.at(-1)?.id ?? after;
        for (const { kind, data } of events) {
          if (kind === 'run') news.run(JSON.parse(data) as ToolRun);
          if (kind === 'end') return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && !error.retryable) throw error;
      failures++;
      news.cutOff(error instanceof Error ? error.message : String(error));
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(longestWaitMs, againMs * 2 ** failures)));
  }
}
