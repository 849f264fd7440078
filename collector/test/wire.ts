// The agents' endpoint on a loopback port, with everything behind it real: store, ingest, live side.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createIngest, type Ingest } from '../src/ingest/ingest.ts';
import { createLiveHub, type LiveHub } from '../src/live/hub.ts';
import type { Store } from '../src/store/database.ts';
import { defaultRetention } from '../src/store/retention.ts';
import { type AgentEndpoint, type AgentEndpointOptions, createAgentEndpoint } from '../src/wire/endpoint.ts';
import { createEnrolToken } from '../src/wire/enrolment.ts';
import { openTestControl } from './commandable.ts';
import { TestAgent, testIdentity, type TestIdentity } from './test-agent.ts';
import { testStore } from './postgres.ts';

const log = pino({ level: 'silent' });

export interface TestWire extends AsyncDisposable {
  store: Store;
  live: LiveHub;
  endpoint: AgentEndpoint;
  port: number;
  connect(identity?: TestIdentity): TestAgent;
  newToken(): Promise<string>;
  enrolled(): Promise<{ agent: TestAgent; hostId: number }>;
}

export interface TestWireOptions extends Partial<Omit<AgentEndpointOptions, 'store' | 'live' | 'log'>> {
  /** Lets a test see what the endpoint tells the live side. */
  wrapLive?: (live: LiveHub) => LiveHub;
}

export async function openTestWire(options: TestWireOptions = {}): Promise<TestWire> {
  await using resources = new AsyncDisposableStack();
  const store = resources.use(await testStore());
  const ingest = options.ingest ?? resources.use(await openIngest(store));
  const live = resources.use(createLiveHub({ hashKey: store.hashKey, log }));
  const control = options.control ?? resources.use(await openTestControl(store));
  const endpoint = createAgentEndpoint({
    ...{ store, log, ...options, ingest, control },
    live: options.wrapLive?.(live) ?? live,
  });
  const { port } = resources.use(await serveEndpoint(endpoint));
  const agents = resources.use(new DisposableStack());
  const connect = (identity: TestIdentity = testIdentity()): TestAgent =>
    agents.use(new TestAgent(`ws://127.0.0.1:${port}/agent`, identity));
  const newToken = async (): Promise<string> => (await createEnrolToken(store)).token;
  const opened = resources.move();
  return {
    store,
    live,
    endpoint,
    port,
    connect,
    newToken,
    async enrolled() {
      const agent = connect();
      return { agent, hostId: await agent.enrol(await newToken()) };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function openIngest(store: Store): Promise<Ingest> {
  const quarantineDir = await mkdtemp(join(tmpdir(), 'foretop-test-quarantine-'));
  const ingest = createIngest({
    pool: store.pool,
    hashKey: store.hashKey,
    quarantineDir,
    retention: defaultRetention,
    log,
    limits: { queueBytes: 64 << 20, groupBodyBytes: 2 << 20, groupWaitMs: 50 },
  });
  return {
    ...ingest,
    async [Symbol.asyncDispose]() {
      await ingest[Symbol.asyncDispose]();
      await rm(quarantineDir, { recursive: true, force: true });
    },
  };
}

async function serveEndpoint(endpoint: AgentEndpoint): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket, head) => endpoint.upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      await endpoint[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Throws when it is not so in time. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 8_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`not so within ${timeoutMs} ms: ${String(condition)}`);
    await sleep(20);
  }
}
