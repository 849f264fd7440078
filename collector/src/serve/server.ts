// Puts the collector's face together: HTTP routes, the dashboard, browsers' WebSockets, and the door for agents.
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import type { HeadSigner } from '../audit/head.ts';
import type { CommandDesk } from '../command/desk.ts';
import type { Enrichment } from '../enrich/enrichment.ts';
import type { Detection } from '../detect/detection.ts';
import type { LiveHub } from '../live/hub.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { Store } from '../store/database.ts';
import type { DiskBudgetState } from '../store/disk-budget.ts';
import { deleteExpiredAccess } from '../store/queries/access.ts';
import type { ToolDesk } from '../tools/tool-desk.ts';
import type { Trust } from '../trust/trust.ts';
import { createApp } from './app.ts';
import { createAccess } from './auth/access.ts';
import { createCallers } from './auth/caller.ts';
import { createOriginCheck } from './auth/origin.ts';
import { type Handlers, type Listener, refuse, upgradePath } from './listener.ts';
import type { CounterSource } from './metrics.ts';
import { RequestError } from './problem.ts';
import type { Settings } from './routes/system.ts';
import { loadStaticSite } from './static.ts';
import { createViewers } from './viewers.ts';

export interface ServerOptions {
  store: Store;
  live: LiveHub;
  trust: Trust;
  desk: CommandDesk;
  detection: Detection;
  tools: ToolDesk;
  enrichment: Enrichment;
  notifier: Notifier;
  signer: HeadSigner;
  /** Takes over upgrades of /agent. */
  agents: { upgrade: Handlers['upgrade'] };
  settings: Settings;
  /** The size budget as it stands. */
  disk: () => Readonly<DiskBudgetState>;
  version: string;
  webFolder: string;
  releaseFolder: string;
  log: Logger;
  counters: Readonly<Record<string, CounterSource>>;
}

const cleanEveryMs = 3_600_000;

/** Serves on the listener until disposal, which closes the browsers' sockets; the listener itself stays the caller's. */
export async function startServer(listener: Listener, options: ServerOptions): Promise<AsyncDisposable> {
  const { store, live, log } = options;
  const callers = createCallers(options.settings.trustedProxies);
  const access = createAccess({ db: store.db, callers });
  const checkOrigin = createOriginCheck(listener.port, options.settings.publicUrl);
  const viewers = createViewers({ db: store.db, access, live, tallies: options.detection.tallies, log });
  const site = await loadStaticSite(options.webFolder);
  if (!site.built) log.warn({ event: 'dashboard-not-built', folder: options.webFolder });
  const app = createApp({
    ...options,
    access,
    callers,
    checkOrigin,
    site,
    accessChanged: () => viewers.checkStanding(),
    counters: { ...options.counters, viewers: () => viewers.counters(), server: () => listener.counters() },
  });

  listener.serve({
    request: getRequestListener((request, bindings) => app(request, bindings as Parameters<typeof app>[1])),
    upgrade(request, socket, head) {
      const path = upgradePath(request);
      const bypassed = callers.fault(request);
      if (bypassed !== undefined) return refuse(socket, bypassed);
      // Agents prove who they are by key, whatever name they call us by; a browser has no business there.
      if (path === '/agent' && request.headers.origin === undefined)
        return options.agents.upgrade(request, socket, head);
      const fault = checkOrigin(request.headers);
      if (fault !== undefined) return refuse(socket, fault);
      if (path === '/live') return viewers.upgrade(request, socket, head);
      refuse(
        socket,
        new RequestError(
          path === '/agent' ? 'origin-refused' : 'not-found',
          `There is no WebSocket ${path} for pages.`,
        ),
      );
    },
  });

  const clean = () =>
    deleteExpiredAccess(store.db, new Date()).catch((error: Error) =>
      log.warn({ event: 'access-not-cleaned', error: error.message }),
    );
  const cleaning = setInterval(() => void clean(), cleanEveryMs).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(cleaning);
      await viewers[Symbol.asyncDispose]();
    },
  };
}
