// The HTTP interface as one function from request to response: guards, routes, the dashboard, and errors as problems.
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { timeout } from 'hono/timeout';
import type { Logger } from 'pino';
import type { LiveHub } from '../live/hub.ts';
import type { Store } from '../store/database.ts';
import type { DiskBudgetState } from '../store/disk-budget.ts';
import { QueryTimeoutError } from '../store/queries/bounded-read.ts';
import { createAudit } from './audit.ts';
import { selectHostSpans } from '../store/queries/gaps.ts';
import type { Access, Identity } from './auth/access.ts';
import { isLocal } from './auth/local.ts';
import type { OriginCheck } from './auth/origin.ts';
import { createExporter } from './export/export.ts';
import { fleetMetrics } from './fleet-metrics.ts';
import { type CounterSource, metricsText, partMetrics, processCounters } from './metrics.ts';
import { problemResponse, RequestError } from './problem.ts';
import { createConnectionFinder } from './query/find-connections.ts';
import { activityRoutes } from './routes/activity.ts';
import { auditRoutes } from './routes/audit.ts';
import { bandwidthRoutes } from './routes/bandwidth.ts';
import { connectionDetailRoutes } from './routes/connection-detail.ts';
import { connectionRoutes } from './routes/connections.ts';
import type { ServeEnv } from './routes/context.ts';
import { coverageRoutes } from './routes/coverage.ts';
import { dnsRoutes } from './routes/dns.ts';
import { enrolmentRoutes } from './routes/enrolment.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { gapRoutes } from './routes/gaps.ts';
import { historyRoutes } from './routes/history.ts';
import { hostRoutes } from './routes/hosts.ts';
import { interfaceRoutes } from './routes/interfaces.ts';
import { openapiRoutes } from './routes/openapi.ts';
import { processRoutes } from './routes/processes.ts';
import { scanRoutes } from './routes/scans.ts';
import { releaseRoutes } from './routes/release.ts';
import { sessionRoutes, signInRoute } from './routes/session.ts';
import { statsRoutes } from './routes/stats.ts';
import { type Settings, systemRoutes } from './routes/system.ts';
import { dataHeaders } from './security-headers.ts';
import type { StaticSite } from './static.ts';

export interface AppOptions {
  store: Store;
  live: LiveHub;
  access: Access;
  checkOrigin: OriginCheck;
  site: StaticSite;
  settings: Settings;
  disk: () => Readonly<DiskBudgetState>;
  version: string;
  releaseFolder: string;
  log: Logger;
  /** Counters of the other parts, by part, for /metrics. */
  counters: Readonly<Record<string, CounterSource>>;
  /** A session was ended by its owner. */
  sessionEnded: (identity: Identity) => void;
  now?: () => number;
}

export type Fetch = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

const mostBodyBytes = 16_384;
const readyTimeoutMs = 3_000;
/** Longer than any query may take: whoever waits beyond it waits for a server that does not answer at all. */
const answerTimeoutMs = 20_000;

export function createApp(options: AppOptions): Fetch {
  const { store, live, access, checkOrigin, site, log } = options;
  const now = options.now ?? Date.now;
  const finder = createConnectionFinder({ store, live, keptDays: options.settings.retention.connection_segment, now });
  const exporter = createExporter(now);
  const audit = createAudit(store.db);
  const responses: Record<string, number> = {};
  const app = new Hono<ServeEnv>();

  app.use(async (context, next) => {
    const fault = checkOrigin({ host: context.req.header('host'), origin: context.req.header('origin') });
    if (fault === undefined) await next();
    else context.res = problemResponse(fault);
    for (const [name, value] of Object.entries(dataHeaders)) {
      if (!context.res.headers.has(name)) context.res.headers.set(name, value);
    }
    const group = `responses_${Math.floor(context.res.status / 100)}xx_total`;
    responses[group] = (responses[group] ?? 0) + 1;
  });

  app.get('/healthz', (context) => context.json({ status: 'ok' }, 200, noStore));
  app.get('/readyz', async (context) => {
    const ready = await withTimeout(store.healthy(), readyTimeoutMs, false);
    return context.json({ status: ready ? 'ready' : 'database-unreachable' }, ready ? 200 : 503, noStore);
  });

  // Numbers and hosts' names: whoever is on this machine may scrape it. Others need a role.
  app.get('/metrics', async (context) => {
    if (!isLocal(context.env.incoming)) await access.identify(context.env.incoming.headers);
    const http = () => ({
      ...responses,
      ...finder.counters(),
      ...access.counters(),
      ...exporter.counters(),
    });
    const parts = partMetrics({ ...options.counters, http, process: processCounters });
    // Without the database only the hosts' names are missing, and with them what is told of each.
    const hosts = await withTimeout(selectHostSpans(store.db), readyTimeoutMs, undefined).catch(() => undefined);
    const fleet = hosts === undefined ? [] : fleetMetrics(hosts, live);
    return context.text(metricsText([...parts, ...fleet]), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      ...noStore,
    });
  });

  const databaseSilent = timeout(answerTimeoutMs, new HTTPException(503));
  const tooLarge = () => {
    throw new RequestError('body-too-large', `A body has at most ${mostBodyBytes} bytes.`);
  };
  const api = new Hono<ServeEnv>();
  api.use(bodyLimit({ maxSize: mostBodyBytes, onError: tooLarge }));
  api.use(async (context, next) => {
    await next();
    context.res.headers.set('cache-control', 'no-store');
  });
  api.use((context, next) => (context.req.method === 'GET' ? databaseSilent(context, next) : next()));
  api.route('/', openapiRoutes(options.version, options.settings.port));
  api.route('/', signInRoute(access, audit));
  api.use(async (context, next) => {
    context.set('identity', await access.identify(context.env.incoming.headers));
    await next();
  });
  api.route('/', sessionRoutes({ access, audit, ended: options.sessionEnded }));
  api.route('/', systemRoutes({ ...options, startedAt: new Date(now()), now }));
  api.route('/', statsRoutes({ store, live, finder, now }));
  api.route('/', fleetRoutes({ store, live, keptDays: options.settings.retention.metric_1m, now }));
  api.route('/', hostRoutes({ store, live, exporter, audit, now }));
  api.route('/', connectionRoutes({ store, finder, exporter, now }));
  api.route('/', connectionDetailRoutes({ store, live, now }));
  const { retention } = options.settings;
  api.route('/', dnsRoutes({ store, live, exporter, keptDays: retention.dns_exchange, now }));
  api.route('/', scanRoutes({ store, live, exporter, keptDays: retention.scan_evidence, now }));
  api.route('/', coverageRoutes({ store, exporter, now }));
  api.route('/', processRoutes({ store, live, exporter, now }));
  api.route('/', interfaceRoutes({ store, live, exporter }));
  api.route('/', bandwidthRoutes({ store, live, exporter, now }));
  api.route('/', gapRoutes({ store, exporter, now }));
  api.route('/', activityRoutes({ store, exporter, now }));
  api.route('/', enrolmentRoutes(store, audit));
  api.route('/', historyRoutes({ store, audit, now }));
  api.route('/', auditRoutes({ store, exporter, now }));
  app.route('/api/v1', api);

  app.route('/', releaseRoutes({ folder: options.releaseFolder, publicUrl: options.settings.publicUrl }));

  app.all('/api/*', (context) => {
    throw new RequestError('not-found', `There is no ${context.req.method} ${context.req.path}.`);
  });
  app.all('*', (context) => {
    const response = site.respond(context.req.raw);
    if (response !== undefined) return response;
    if (!site.built) throw new RequestError('unavailable', 'The dashboard is not built. Build it with: npm run build');
    throw new RequestError('not-found', `There is no ${context.req.method} ${context.req.path}.`);
  });

  app.onError((error, context) => problemResponse(asRequestError(error, log, context.req.path)));
  return (request, bindings) => app.fetch(request, bindings);
}

const noStore = { 'cache-control': 'no-store' };

/** Expected failures speak for themselves; anything else is logged and told without detail. */
function asRequestError(error: Error, log: Logger, path: string): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof HTTPException && error.status === 503) return databaseAway();
  if (error instanceof QueryTimeoutError) return new RequestError('unavailable', error.message);
  log.error({ event: 'request-failed', path, err: error });
  if (isDatabaseAway(error)) return databaseAway();
  return new RequestError('internal', 'The request failed inside the collector. Its log says why.');
}

function databaseAway(): RequestError {
  return new RequestError('unavailable', 'The database does not answer at the moment. Try again in a few seconds.', {
    headers: { 'retry-after': '5' },
  });
}

/** Connection failures (system codes, SQLSTATE classes 08 and 57P) and pg's own messages, which bear no code. */
function isDatabaseAway(error: Error): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^(08...|57P0[0-9]|ECONN\w+|ENOENT|EPIPE)$/.test(code)) return true;
  return /timeout exceeded when trying to connect|Connection terminated/i.test(error.message);
}

async function withTimeout<T>(promise: Promise<T>, timeoutMs: number, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<T>((resolve) => (timer = setTimeout(resolve, timeoutMs, otherwise)));
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}
