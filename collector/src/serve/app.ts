// The HTTP interface as one function from request to response: guards, routes, the dashboard, and errors as problems.
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { timeout } from 'hono/timeout';
import type { Logger } from 'pino';
import type { HeadSigner } from '../audit/head.ts';
import type { CommandDesk } from '../command/desk.ts';
import type { Enrichment } from '../enrich/enrichment.ts';
import type { Detection } from '../detect/detection.ts';
import type { LiveHub } from '../live/hub.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { Store } from '../store/database.ts';
import type { DiskBudgetState } from '../store/disk-budget.ts';
import { QueryTimeoutError } from '../store/queries/bounded-read.ts';
import { selectHostSpans } from '../store/queries/gaps.ts';
import type { ToolDesk } from '../tools/tool-desk.ts';
import type { Trust } from '../trust/trust.ts';
import { createAudit } from './audit.ts';
import { createCommandRequests } from './command-requests.ts';
import type { Access } from './auth/access.ts';
import type { Callers } from './auth/caller.ts';
import { createGuard } from './auth/guard.ts';
import { isLocal } from './auth/local.ts';
import type { OriginCheck } from './auth/origin.ts';
import { createPasswords } from './auth/passwords.ts';
import { createPeople } from './auth/people.ts';
import { hostsInSight, requireHostInSight } from './auth/sight.ts';
import { createExporter } from './export/export.ts';
import { detectionMetrics } from './detection-metrics.ts';
import { fleetMetrics } from './fleet-metrics.ts';
import { type CounterSource, metricsText, partMetrics, processCounters } from './metrics.ts';
import { problemResponse, RequestError } from './problem.ts';
import { operations } from './openapi/operations.ts';
import { createToolRequests } from './tool-requests.ts';
import { createConnectionFinder } from './query/find-connections.ts';
import { accountRoutes } from './routes/accounts.ts';
import { actRoutes } from './routes/act.ts';
import { activityRoutes } from './routes/activity.ts';
import { auditRoutes } from './routes/audit.ts';
import { bandwidthRoutes } from './routes/bandwidth.ts';
import { commandRoutes } from './routes/commands.ts';
import { connectionDetailRoutes } from './routes/connection-detail.ts';
import { connectionRoutes } from './routes/connections.ts';
import { queryOf, type ServeEnv } from './routes/context.ts';
import { coverageRoutes } from './routes/coverage.ts';
import { detectorRoutes } from './routes/detectors.ts';
import { dnsRoutes } from './routes/dns.ts';
import { enrolmentRoutes } from './routes/enrolment.ts';
import { findingRoutes } from './routes/findings.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { gapRoutes } from './routes/gaps.ts';
import { historyRoutes } from './routes/history.ts';
import { hostRoutes } from './routes/hosts.ts';
import { interfaceRoutes } from './routes/interfaces.ts';
import { labelRoutes } from './routes/labels.ts';
import { openapiRoutes } from './routes/openapi.ts';
import { notificationChannelRoutes } from './routes/notification-channels.ts';
import { notificationMessageRoutes } from './routes/notification-messages.ts';
import { notificationRouteRoutes } from './routes/notification-routes.ts';
import { ownAccountRoutes } from './routes/own-account.ts';
import { placeRoutes } from './routes/places.ts';
import { processRoutes } from './routes/processes.ts';
import { scanRoutes } from './routes/scans.ts';
import { releaseRoutes } from './routes/release.ts';
import { sessionRoutes, signInRoute } from './routes/session.ts';
import { statsRoutes } from './routes/stats.ts';
import { suppressionRoutes } from './routes/suppressions.ts';
import { type Settings, systemRoutes } from './routes/system.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { toolAddressRoutes } from './routes/tool-address.ts';
import { toolEventRoutes } from './routes/tool-events.ts';
import { toolPacketRoutes } from './routes/tool-packets.ts';
import { toolRunRoutes } from './routes/tool-runs.ts';
import { toolWatchRoutes } from './routes/tool-watches.ts';
import { trafficMapRoutes } from './routes/traffic-map.ts';
import { trustRoutes } from './routes/trust.ts';
import { trustKeyRoutes } from './routes/trust-keys.ts';
import { dataHeaders, secureTransport } from './security-headers.ts';
import type { StaticSite } from './static.ts';

export interface AppOptions {
  store: Store;
  live: LiveHub;
  trust: Trust;
  desk: CommandDesk;
  detection: Detection;
  tools: ToolDesk;
  enrichment: Enrichment;
  notifier: Notifier;
  /** Of the audit's heads. */
  signer: HeadSigner;
  access: Access;
  callers: Callers;
  checkOrigin: OriginCheck;
  site: StaticSite;
  settings: Settings;
  disk: () => Readonly<DiskBudgetState>;
  version: string;
  releaseFolder: string;
  log: Logger;
  /** Counters of the other parts, by part, for /metrics. */
  counters: Readonly<Record<string, CounterSource>>;
  /** Sessions or what they may do have changed: sockets that no longer stand are to be closed. */
  accessChanged: () => Promise<void>;
  now?: () => number;
}

export type Fetch = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

const apiPath = '/api/v1';
const mostBodyBytes = 16_384;
/** A roster, or a grant that names thousands of hosts. */
const mostTrustBodyBytes = 768 << 10;
const readyTimeoutMs = 3_000;
/** Longer than any query may take: whoever waits beyond it waits for a server that does not answer at all. */
const answerTimeoutMs = 20_000;

export function createApp(options: AppOptions): Fetch {
  const { store, live, access, callers, checkOrigin, site, log, accessChanged } = options;
  const now = options.now ?? Date.now;
  const finder = createConnectionFinder({
    store,
    live,
    places: options.enrichment,
    keptDays: options.settings.retention.connection_segment,
    now,
  });
  const exporter = createExporter(now);
  const audit = createAudit(store.db);
  const people = createPeople({ db: store.db, access, passwords: createPasswords(), audit, now });
  const guard = createGuard({ operations, audit, log, now });
  const { publicUrl } = options.settings;
  const publicHost = publicUrl?.startsWith('https:') ? new URL(publicUrl).host : undefined;
  const responses: Record<string, number> = {};
  const app = new Hono<ServeEnv>();

  app.use(async (context, next) => {
    const { incoming } = context.env;
    const fault = callers.fault(incoming) ?? checkOrigin(incoming.headers);
    if (fault === undefined) await next();
    else context.res = problemResponse(fault);
    const isPublic = publicHost !== undefined && incoming.headers.host === publicHost;
    for (const [name, value] of Object.entries(isPublic ? { ...dataHeaders, ...secureTransport } : dataHeaders)) {
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
    const { incoming } = context.env;
    const identity = isLocal(incoming) ? undefined : await access.identify(incoming);
    const http = () => ({
      ...responses,
      ...finder.counters(),
      ...access.counters(),
      ...people.counters(),
      ...exporter.counters(),
    });
    const parts = partMetrics({ ...options.counters, http, process: processCounters });
    // Without the database only the hosts' names are missing, and with them what is told of each.
    const inSight = identity === undefined ? selectHostSpans(store.db) : hostsInSight(store.db, identity);
    const hosts = await withTimeout(inSight, readyTimeoutMs, undefined).catch(() => undefined);
    const fleet = hosts === undefined ? [] : fleetMetrics(hosts, live);
    // Of all hosts together, as the other counters are.
    const found = detectionMetrics(options.detection);
    return context.text(metricsText([...parts, ...found, ...fleet]), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      ...noStore,
    });
  });

  const databaseSilent = timeout(answerTimeoutMs, new HTTPException(503));
  const limited = (maxSize: number) =>
    bodyLimit({
      maxSize,
      onError: () => {
        throw new RequestError('body-too-large', `A body has at most ${maxSize} bytes.`);
      },
    });
  const [small, large] = [limited(mostBodyBytes), limited(mostTrustBodyBytes)];
  const api = new Hono<ServeEnv>();
  api.use((context, next) => (context.req.path.startsWith(`${apiPath}/trust/`) ? large : small)(context, next));
  api.use(async (context, next) => {
    await next();
    context.res.headers.set('cache-control', 'no-store');
  });
  api.use((context, next) => (context.req.method === 'GET' ? databaseSilent(context, next) : next()));
  api.route('/', openapiRoutes(options.version));
  const sessions = { access, people, callers, audit, accessChanged };
  api.route('/', signInRoute(sessions));
  api.use(async (context, next) => {
    const identity = await access.identify(context.env.incoming);
    const path = context.req.path.slice(apiPath.length);
    const accept = context.req.header('accept');
    const operation = await guard(identity, { method: context.req.method, path, query: queryOf(context), accept });
    await requireHostInSight(store.db, identity, operation, path);
    context.set('identity', identity);
    await next();
  });
  api.route('/', sessionRoutes(sessions));
  api.route('/', ownAccountRoutes({ store, people, callers, audit, accessChanged, now }));
  api.route('/', accountRoutes({ store, people, audit, accessChanged, now }));
  api.route('/', tokenRoutes({ store, audit, accessChanged, now }));
  api.route('/', labelRoutes({ store, audit, accessChanged }));
  api.route('/', systemRoutes({ ...options, startedAt: new Date(now()), now }));
  api.route('/', statsRoutes({ store, live, finder, now }));
  api.route('/', fleetRoutes({ store, live, keptDays: options.settings.retention.metric_1m, now }));
  api.route('/', hostRoutes({ store, live, exporter, audit, now }));
  api.route('/', connectionRoutes({ store, finder, exporter, now }));
  api.route('/', connectionDetailRoutes({ store, live, places: options.enrichment, now }));
  const { retention } = options.settings;
  api.route(
    '/',
    dnsRoutes({ store, live, exporter, places: options.enrichment, keptDays: retention.dns_exchange, now }),
  );
  api.route('/', scanRoutes({ store, live, exporter, keptDays: retention.scan_evidence, now }));
  const { enrichment, notifier } = options;
  api.route('/', placeRoutes({ enrichment, audit, now }));
  api.route('/', trafficMapRoutes({ store, live, enrichment, keptDays: retention.connection_segment, now }));
  api.route('/', notificationMessageRoutes({ store, notifier, audit, now }));
  api.route('/', notificationChannelRoutes({ store, notifier, audit, now }));
  api.route('/', notificationRouteRoutes({ store, audit, now }));
  api.route('/', coverageRoutes({ store, exporter, now }));
  api.route('/', processRoutes({ store, live, exporter, now }));
  api.route('/', interfaceRoutes({ store, live, exporter, now }));
  api.route('/', bandwidthRoutes({ store, live, exporter, now }));
  api.route('/', gapRoutes({ store, exporter, now }));
  api.route('/', activityRoutes({ store, exporter, now }));
  api.route('/', enrolmentRoutes(store, audit));
  api.route('/', trustRoutes({ store, trust: options.trust, audit, now }));
  api.route('/', trustKeyRoutes({ store, trust: options.trust, audit, now }));
  const { detection } = options;
  api.route('/', findingRoutes({ store, detection, exporter, audit, now }));
  api.route('/', detectorRoutes({ store, detection, audit, now }));
  api.route('/', suppressionRoutes({ store, detection, audit, now }));
  api.route('/', historyRoutes({ store, detection, audit, now }));
  const requests = createCommandRequests({ store, live, desk: options.desk, trust: options.trust, now });
  api.route('/', actRoutes({ requests }));
  api.route('/', commandRoutes({ store, requests, desk: options.desk, now }));
  const toolRequests = createToolRequests({ store, live, tools: options.tools, trust: options.trust, now });
  api.route('/', toolRunRoutes({ store, requests: toolRequests, exporter, now }));
  api.route('/', toolEventRoutes({ store, access, requests: toolRequests, tools: options.tools, exporter, now }));
  api.route('/', toolPacketRoutes({ store, access, requests: toolRequests, tools: options.tools, audit, now }));
  api.route('/', toolWatchRoutes({ store, tools: options.tools, exporter, now }));
  api.route('/', toolAddressRoutes({ store, trust: options.trust, now }));
  api.route('/', auditRoutes({ store, signer: options.signer, exporter, now }));
  app.route(apiPath, api);

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
