// For tests: the collector's face on a free port, over a fresh database, with hosts and agents that a test makes up.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LiveFrame, Pulse, Watch } from '@foretop/proto';
import { type Insertable, sql } from 'kysely';
import { pino } from 'pino';
import { openTestControl, type TestControl } from './commandable.ts';
import { testStore } from './postgres.ts';
import { parseConfig } from '../src/config/config.ts';
import { readEnvironment } from '../src/config/environment.ts';
import { createDiskBudget } from '../src/store/disk-budget.ts';
import { diskReader } from '../src/store/disk-use.ts';
import { partitionedTables } from '../src/store/partitions.ts';
import type { ControlOptions } from '../src/command/control.ts';
import { type Detection, type DetectionOptions, openDetection } from '../src/detect/detection.ts';
import { type EnrichmentOptions, openEnrichment } from '../src/enrich/enrichment.ts';
import { type Notifier, type NotifierOptions, startNotifier } from '../src/notify/notifier.ts';
import { createLiveHub, type LiveHub } from '../src/live/hub.ts';
import type { Store } from '../src/store/database.ts';
import type { Database, Role } from '../src/store/schema.ts';
import { scopesOf } from '../src/serve/auth/access.ts';
import { createApiToken } from '../src/serve/auth/tokens.ts';
import { listen } from '../src/serve/listener.ts';
import { startServer } from '../src/serve/server.ts';
import { startTrust } from '../src/trust/trust.ts';
import type { ToolDesk } from '../src/tools/tool-desk.ts';
import { relyingPartyOf } from '../src/trust/wanted-roster.ts';
import type { AgentEndpoint } from '../src/wire/endpoint.ts';

/** The test server's address behind a proxy that there is not. */
export const publicUrl = 'https://foretop.example';

export interface TestServer extends AsyncDisposable {
  store: Store;
  live: LiveHub;
  detection: Detection;
  notifier: Notifier;
  control: TestControl;
  /** Holds owner and recovery key. */
  dataDir: string;
  port: number;
  url: string;
  /** Bound to hosts with one of the labels, if there are some. */
  token(role?: Role, hostLabels?: string[] | null): Promise<string>;
  /** Answers with status, headers and the parsed body. */
  get<Body = never>(
    path: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: Body }>;
}

export interface TestServerOptions {
  webFolder?: string;
  /** An address whose X-Forwarded-For is believed. */
  trustedProxy?: string;
  control?: Partial<ControlOptions<ToolDesk>>;
  /** Without, nothing is known of places, and no name is asked for. */
  enrichment?: Partial<EnrichmentOptions>;
  /** Without, no detector runs. */
  detection?: Partial<DetectionOptions>;
  notifier?: Partial<NotifierOptions>;
  /** What takes over agents' upgrades; without, they are cut. */
  agents?: (parts: Pick<TestServer, 'store' | 'live' | 'control'>) => AgentEndpoint;
}

export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  await using resources = new AsyncDisposableStack();
  const store = resources.use(await testStore());
  for (const table of partitionedTables) {
    await sql.raw(`create table ${table}_all partition of ${table} default`).execute(store.db);
  }
  const log = pino({ level: 'silent' });
  const live = resources.use(createLiveHub({ hashKey: store.hashKey, log }));
  const listener = resources.use(await listen(0, log));
  const variables = {
    FORETOP_DATA: '/nowhere',
    FORETOP_PUBLIC_URL: publicUrl,
    FORETOP_TRUSTED_PROXY: options.trustedProxy ?? '',
  };
  const config = parseConfig(readEnvironment(variables), {}, false);
  const budget = createDiskBudget({ maxBytes: undefined, reader: diskReader(store, '/nowhere', '/nowhere'), log });
  const control = resources.use(await openTestControl(store, options.control));
  const agents = resources.use(options.agents?.({ store, live, control }) ?? noAgents);
  const dataDir = await mkdtemp(join(tmpdir(), 'foretop-test-server-'));
  resources.defer(() => rm(dataDir, { recursive: true, force: true }));
  const noPlaces = { cityFiles: [], asnFiles: [], listFolder: undefined, reverseDns: 'off' } as const;
  const enrichment = resources.use(await openEnrichment({ dataDir, ...noPlaces, log, ...options.enrichment }));
  const detection = resources.use(
    await openDetection({ store, detectors: [], enrichment, presence: () => [], log, ...options.detection }),
  );
  const notifier = resources.use(
    startNotifier({
      store,
      mail: undefined,
      dashboard: publicUrl,
      version: '0',
      log,
      everyMs: 50,
      ...options.notifier,
    }),
  );
  const relyingParty = relyingPartyOf(listener.port, publicUrl);
  const trust = resources.use(await startTrust({ store, dataDir, relyingParty, log }));
  const webFolder = options.webFolder ?? '/nowhere';
  resources.use(
    await startServer(listener, {
      store,
      live,
      desk: control.desk,
      tools: control.tools,
      detection,
      enrichment,
      notifier,
      signer: control.signer,
      // Kept by the real one; what hosts are told is the test's to say.
      trust: { ...trust, current: () => control.trust.current() },
      agents,
      settings: config,
      disk: () => budget.state(),
      version: '0',
      webFolder,
      releaseFolder: '/nowhere',
      log,
      counters: {},
    }),
  );
  const url = `http://localhost:${listener.port}`;
  const newToken = async (role: Role, hostLabels: string[] | null) => {
    const wanted = { name: '', role, scopes: scopesOf(role), hostLabels, createdBy: 'test', expiresAt: null };
    return (await createApiToken(store.db, wanted)).token;
  };
  const token = await newToken('viewer', null);
  const running = resources.move();
  return {
    store,
    live,
    detection,
    notifier,
    control,
    dataDir,
    port: listener.port,
    url,
    token: (role = 'viewer', hostLabels = null) => newToken(role, hostLabels),
    async get(path, headers = { authorization: `Bearer ${token}` }) {
      const response = await fetch(`${url}${path}`, { headers });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const noAgents = {
  upgrade: (_request: unknown, socket: { destroy(): void }) => void socket.destroy(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

export async function insertHost(store: Store, values: Partial<Insertable<Database['host']>> = {}): Promise<number> {
  const row = await store.db
    .insertInto('host')
    .values({ name: 'host', enrolled_at: new Date(Date.now() - 30 * 86_400_000), last_seen_at: new Date(), ...values })
    .returning('host_id')
    .executeTakeFirstOrThrow();
  return row.host_id;
}

let nextConnection = 1;

/** Times are Unix milliseconds. */
export async function insertSegment(
  store: Store,
  hostId: number,
  [startMs, endMs]: [number, number],
  values: Partial<Insertable<Database['connection_segment']>> = {},
): Promise<void> {
  await store.db
    .insertInto('connection_segment')
    .values({
      host_id: hostId,
      seg_start: new Date(startMs),
      seg_end: new Date(endMs),
      connection_id: nextConnection++,
      started_at: new Date(startMs),
      started_before: false,
      closed: false,
      process_id: null,
      pid: 100,
      comm: 'curl',
      uid: 0,
      protocol: 6,
      state: 1,
      direction: 2,
      local_address: '10.0.0.1',
      local_port: 40_000,
      remote_address: '192.0.2.1',
      remote_port: 443,
      rx_bytes: 1000,
      tx_bytes: 100,
      rx_packets: null,
      tx_packets: null,
      rtt_us: 500,
      retransmissions: 0,
      name: null,
      name_source: 0,
      peer_host_id: null,
      alpn: null,
      connection_count: 1,
      ...values,
    })
    .execute();
}

/** Connects a made-up agent for good, which answers each watch with the frame that the test gives, and goes on once a second while it lasts. */
export function connectAgent(
  { live }: TestServer,
  hostId: number,
  frame: (watch: Watch) => LiveFrame,
  pulse: Pulse = {},
): void {
  let sequence = 0;
  let lease: Watch | undefined;
  const show = () => {
    if (lease) live.frame(hostId, { hasProcesses: true, ...frame(lease), sequence: ++sequence, keyFrame: true });
  };
  const link = {
    hostId,
    watch: (watch: Watch) => {
      lease = watch.ttlMs ? watch : undefined;
      setImmediate(show);
    },
    close: () => undefined,
  };
  live.setHosts(
    [...(live.fleetTick().hostId ?? []), hostId].map((id) => ({ hostId: id, lastSeenUs: 0, revoked: false })),
  );
  live.connected(link, { bootId: randomBytes(16), offsetUs: () => 0 });
  // Every second, as an agent does: a host without a pulse for some seconds is stale, and not live any more.
  const beat = () => live.pulse(hostId, { boottimeUs: Date.now() * 1000, ...pulse });
  beat();
  setInterval(() => {
    beat();
    show();
  }, 1_000).unref();
}
