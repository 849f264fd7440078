// Connection lists of this page's session: over the REST API, fresh while the page is in sight and not paused.
import type { ConnectionList as Page } from '@foretop/proto/api';
import { request } from '../api/client.ts';
import { session } from '../api/session.svelte.ts';
import { live } from '../live/live.svelte.ts';
import { ConnectionList } from './connection-list.svelte.ts';

export const readConnections = (): ConnectionList =>
  new ConnectionList({
    fetchPage: (path, signal) => request<Page>(path, { signal }),
    hostName: (hostId) => live.fleet.hosts.get(hostId)?.name ?? `host ${hostId}`,
    isWatched: () => document.visibilityState === 'visible' && live.pausedAtMs === undefined,
    onSignedOut: (reason) => session.ended(reason),
    sleep,
    monotonicMs: () => performance.now(),
  });

/** Ends early, without an error, when the signal says so. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
