// /api/v1/system and /api/v1/config: what runs here and how it is set up, without secrets.
import { limits, protocolVersion } from '@foretop/proto';
import type { System } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import type { DiskBudgetState } from '../../store/disk-budget.ts';
import type { Retention } from '../../store/retention.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { parseQuery } from '../query/parameters.ts';
import { queryOf, type ServeEnv } from './context.ts';
import { releasedVersion } from './release.ts';

/** How the collector was set up, as far as its users may know. */
export interface Settings {
  dataDir: string;
  port: number;
  publicUrl?: string | undefined;
  /** Addresses and networks. */
  trustedProxies: readonly string[];
  logLevel: string;
  retention: Readonly<Retention>;
}

export interface SystemOptions {
  store: Store;
  live: LiveHub;
  settings: Settings;
  disk: () => Readonly<DiskBudgetState>;
  releaseFolder: string;
  version: string;
  startedAt: Date;
  now: () => number;
}

const common = { method: 'get', tag: 'System', role: 'viewer', status: 200, query: {} } as const;
const getSystem = operation({
  ...common,
  path: '/system',
  summary: 'Versions, the database, how many agents are connected, the size budget',
  response: schemas.system,
});
const getConfig = operation({
  ...common,
  path: '/config',
  summary: 'How the collector is set up, without secrets',
  response: schemas.config,
});

export const systemOperations = [getSystem, getConfig];

export function systemRoutes(options: SystemOptions): Hono<ServeEnv> {
  const { store, live, settings, disk, releaseFolder, version, startedAt, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(getSystem), async (context) => {
    parseQuery({}, queryOf(context));
    return context.json({
      version,
      protocolVersion,
      collectorId: store.collectorId,
      startedAt: startedAt.toISOString(),
      time: new Date(now()).toISOString(),
      database: { kind: store.kind, version: store.version, bytes: await store.bytes() },
      agents: {
        connected: live.counters()['agentsConnected'] ?? 0,
        release: (await releasedVersion(releaseFolder)) ?? null,
      },
      disk: diskOf(disk()),
    } satisfies System);
  });

  routes.get(routeOf(getConfig), (context) => {
    parseQuery({}, queryOf(context));
    const { port, logLevel, retention, dataDir } = settings;
    const identity = context.get('identity');
    const shown = {
      port,
      logLevel,
      database: store.kind,
      retentionDays: retention,
      live: { rateHz: limits.liveRateHz, leaseMs: limits.leaseMs },
    };
    // A path tells about the collector's machine, which is no viewer's business.
    if (identity.role !== 'admin') return context.json(shown);
    return context.json({ ...shown, dataDir });
  });

  return routes;
}

function diskOf(state: Readonly<DiskBudgetState>): System['disk'] {
  const { lowOnSpace, overBudget, droppedPartitions, droppedBytes } = state;
  return {
    maxBytes: state.maxBytes ?? null,
    usedBytes: state.usedBytes ?? null,
    quarantineBytes: state.quarantineBytes ?? null,
    freeBytes: state.freeSpace?.freeBytes ?? null,
    totalBytes: state.freeSpace?.totalBytes ?? null,
    lowOnSpace,
    overBudget,
    droppedPartitions,
    droppedBytes,
  };
}
