// What is on record of a connection, once there is something: what a host tells live is stored some seconds later.
import type { ConnectionDetail } from '@foretop/proto/api';
import { ApiError, request } from '#lib/api/client.ts';

/** A host seals its record every five seconds; the way to the store comes on top. */
const storedAfterMs = 7_000;
const retryMs = 4_000;
const attempts = 4;

/**
 * @param ageMs how long ago what is asked for happened; Infinity = it is on record.
 * @throws ApiError, not-found when it does not come; the signal's reason.
 */
export async function readConnection(id: string, ageMs: number, signal: AbortSignal): Promise<ConnectionDetail> {
  await pause(storedAfterMs - ageMs, signal);
  for (let left = attempts; ; left--) {
    try {
      return await request<ConnectionDetail>(`/connections/${id}`, { signal });
    } catch (error) {
      if (left <= 1 || !(error instanceof ApiError) || error.code !== 'not-found') throw error;
      await pause(retryMs, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason as Error)), { once: true });
  });
}
