// The bytes that a host's part of a capture leaves with the collector, as they come; a stream that breaks off goes on where it was.
import { ApiError, respond } from '../api/client.ts';

const againMs = 1_000;
const longestWaitMs = 15_000;

export interface StreamNews {
  bytes(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Not connected at the moment; empty = it is again. */
  cutOff(message: string): void;
}

export const packetsPath = (runId: string, requestId: string): string =>
  `/tool-runs/${encodeURIComponent(runId)}/packets/${encodeURIComponent(requestId)}`;

/** Until the host's part has ended or the signal aborts. Throws ApiError for what no waiting mends. */
export async function followPackets(
  runId: string,
  requestId: string,
  news: StreamNews,
  signal: AbortSignal,
): Promise<void> {
  let from = 0;
  for (let failures = 0; !signal.aborted;) {
    try {
      const headers = { accept: 'application/x-pcapng, application/octet-stream' };
      const path = `${packetsPath(runId, requestId)}?follow=true&from=${from}`;
      const response = await respond(path, { headers, signal });
      news.cutOff('');
      failures = 0;
      const reader = response.body!.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        from += value.length;
        await news.bytes(value);
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
