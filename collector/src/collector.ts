// The whole collector: opens the store, then everything that stands on it, and closes all of it in the opposite order.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { createHeadSigner } from './audit/head.ts';
import { openCollectorKey } from './audit/key.ts';
import { openControl } from './command/control.ts';
import type { Config } from './config/config.ts';
import { openDetection } from './detect/detection.ts';
import { FleetPresence } from './detect/engine/presence.ts';
import { detectors } from './detect/registry.ts';
import { openEnrichment } from './enrich/enrichment.ts';
import { createIngest } from './ingest/ingest.ts';
import { defaultQueueLimits } from './ingest/queue.ts';
import { createLiveHub } from './live/hub.ts';
import { newsFor } from './notify/finding-news.ts';
import { startNotifier } from './notify/notifier.ts';
import { createLoginCode, loginLink } from './serve/auth/login-link.ts';
import { requireAdministrator } from './serve/auth/require-administrator.ts';
import { listen } from './serve/listener.ts';
import { startServer } from './serve/server.ts';
import { openStore, type Store } from './store/database.ts';
import { createDiskBudget } from './store/disk-budget.ts';
import { diskReader } from './store/disk-use.ts';
import { startMaintenance } from './store/maintenance.ts';
import { poolCounters } from './store/pool.ts';
import { writeServedPort } from './store/queries/access.ts';
import { startTrust } from './trust/trust.ts';
import { relyingPartyOf } from './trust/wanted-roster.ts';
import { openToolDesk } from './tools/tool-desk.ts';
import { createAgentEndpoint } from './wire/endpoint.ts';

export const collectorVersion = manifest.version;

export interface Collector extends AsyncDisposable {
  readonly port: number;
  /** A new link, good once within 10 minutes. */
  createLoginLink(): Promise<string>;
  /** Databases of places and known-bad lists, as they are on the disk now. */
  readFilesAgain(): Promise<void>;
}

export interface CollectorOptions {
  log: Logger;
  /** Ends a start that is under way. */
  signal: AbortSignal;
  /** Told in words what is being done, for a person who waits. */
  progress: (text: string) => void;
  webFolder?: string;
}

/** How long what is under way at a stop may wait for a database that does not answer. */
const databasePatienceMs = 10_000;

function giveUpOnDatabase(store: Store, log: Logger): void {
  log.warn(
    { event: 'database-given-up' },
    'The database does not answer; stopping without it. Agents keep their data.',
  );
  store.sever();
}

const builtWebFolder = fileURLToPath(new URL('../../web/build', import.meta.url));
const builtReleaseFolder = fileURLToPath(new URL('../../deploy/release/dist', import.meta.url));

/** Throws ListenError and StoreError. Disposal: agents are told to come back, what they sent is committed, Postgres stops. */
export async function startCollector(config: Config, options: CollectorOptions): Promise<Collector> {
  const { log, signal, progress } = options;
  await using resources = new AsyncDisposableStack();
  // The port first: a second Foretop is told so before it touches any data.
  const listener = resources.use(await listen(config.port, log, config.listen));
  const databaseUrl = config.databaseUrl?.reveal();
  const store = resources.use(
    await openStore({ dataDir: config.dataDir, databaseUrl, role: 'collector', log, signal, progress }),
  );
  signal.throwIfAborted();
  if (config.needsAdministrator) await requireAdministrator(store, config.listen);
  const { retention, dataDir } = config;
  const quarantineDir = join(dataDir, 'quarantine');
  const relyingParty = relyingPartyOf(listener.port, config.publicUrl);
  const trust = resources.use(await startTrust({ store, dataDir, relyingParty, log, progress }));
  const reader = diskReader(store, dataDir, quarantineDir);
  const budget = createDiskBudget({ maxBytes: config.maxDiskBytes, reader, log });
  resources.use(startMaintenance(store, { retention, budget, log }));
  const enrichment = resources.use(await openEnrichment({ dataDir, ...config.places, log }));
  const dashboard = config.publicUrl ?? `http://localhost:${listener.port}`;
  const notifier = resources.use(
    startNotifier({ store, mail: config.mail, dashboard, version: collectorVersion, log }),
  );
  const live = resources.use(createLiveHub({ hashKey: store.hashKey, log }));
  // Before ingest takes anything, and closed after it: what was committed is looked at.
  const fleet = new FleetPresence();
  resources.use(live.subscribeFleet((tick) => fleet.apply(tick)));
  const detection = resources.use(await openDetection({ store, enrichment, presence: () => fleet.hosts(), log }));
  // Until the end: what detection writes when it is closed is told as well.
  detection.findings.onNews(newsFor(notifier, detectors));
  const ingest = resources.use(
    createIngest({
      pool: store.pool,
      hashKey: store.hashKey,
      quarantineDir,
      quarantineBytes: config.maxQuarantineBytes,
      retention,
      log,
      limits: { ...defaultQueueLimits, queueBytes: config.ingestQueueBytes },
      onCommitted: (prepared, transaction) => {
        store.recent?.add(prepared.batch, prepared.accepted);
        detection.onCommitted(prepared, transaction);
      },
      onCommitFailed: () => store.recent?.forget(),
    }),
  );
  const { admissionPerSecond } = config;
  const signer = createHeadSigner(store.db, await openCollectorKey(dataDir));
  const control = resources.use(await openControl({ store, signer, trust, log, openTools: openToolDesk }));
  const agents = resources.use(createAgentEndpoint({ store, ingest, live, control, log, admissionPerSecond }));
  const counters = {
    ingest: () => ingest.counters(),
    live: () => live.counters(),
    agents: () => agents.counters(),
    commands: () => control.counters(),
    detection: () => detection.counters(),
    enrichment: () => enrichment.counters(),
    notifications: () => notifier.counters(),
    disk: () => budget.counters(),
    database: () => poolCounters(store.pool),
    recent: () => store.recent?.counters() ?? {},
  };
  const webFolder = options.webFolder ?? builtWebFolder;
  resources.use(
    await startServer(listener, {
      store,
      live,
      trust,
      desk: control.desk,
      tools: control.tools,
      detection,
      enrichment,
      notifier,
      signer,
      agents,
      settings: config,
      disk: () => budget.state(),
      version: collectorVersion,
      webFolder,
      releaseFolder: config.releaseFolder ?? builtReleaseFolder,
      log,
      counters,
    }),
  );
  resources.defer(() => listener.stop());
  await writeServedPort(store.db, listener.port);
  progress(`Listening on http://localhost:${listener.port}`);
  // The first to go: whatever waits for the database from here on has only so long.
  resources.defer(() => void setTimeout(giveUpOnDatabase, databasePatienceMs, store, log).unref());
  const running = resources.move();
  return {
    port: listener.port,
    createLoginLink: async () => loginLink(listener.port, await createLoginCode(store.db), config.publicUrl),
    readFilesAgain: () => enrichment.reload(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
