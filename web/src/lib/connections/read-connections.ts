// Connection lists of this page's session: over the REST API, fresh while the page is in sight and not paused.
import { respond } from '../api/client.ts';
import { session } from '../api/session.svelte.ts';
import { live } from '../live/live.svelte.ts';
import { ConnectionList } from './connection-list.svelte.ts';
import { parseConnections } from './parse-connections.ts';

export const readConnections = (): ConnectionList =>
  new ConnectionList({
    fetchPage: async (path, signal) => parseConnections(await (await respond(path, { signal })).arrayBuffer()),
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
