// For tests of commands over REST: a server that agents connect to, hosts with one process and one connection, and people who ask.
import { decodeCollectorFrame, type Hello } from '@foretop/proto';
import { pino } from 'pino';
import type { ControlOptions } from '../src/command/control.ts';
import type { Ingest } from '../src/ingest/ingest.ts';
import { createLoginCode } from '../src/serve/auth/login-link.ts';
import type { ToolDesk } from '../src/tools/tool-desk.ts';
import { createAgentEndpoint } from '../src/wire/endpoint.ts';
import { createEnrolToken } from '../src/wire/enrolment.ts';
import { type TestServer, testServer } from './server.ts';
import { TestAgent, testIdentity, type TestIdentity } from './test-agent.ts';
import { until } from './wire.ts';

export interface TestHost {
  agent: TestAgent;
  hostId: number;
  processId: string;
  connectionId: string;
}

export interface Answer<Body> {
  status: number;
  body: Body;
}

export interface TestFleet extends AsyncDisposable {
  server: TestServer;
  connect(identity?: TestIdentity): TestAgent;
  /** A live host; its process has PID 4711, its connection is 10.0.0.1:443 → 192.0.2.7:50000. */
  host(hello?: Partial<Hello>): Promise<TestHost>;
  /** Signs in by a login link. */
  signIn(): Promise<Record<string, string>>;
  ask<Body>(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Answer<Body>>;
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

const ingest: Ingest = {
  submit: () => Promise.resolve('committed'),
  counters: () => ({}),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

export async function testFleet(control: Partial<ControlOptions<ToolDesk>> = {}): Promise<TestFleet> {
  await using resources = new AsyncDisposableStack();
  const log = pino({ level: 'silent' });
  const server = resources.use(
    await testServer({ control, agents: (parts) => createAgentEndpoint({ ...parts, ingest, log }) }),
  );
  const { store, live, port, url } = server;
  const agents = resources.use(new DisposableStack());
  const connect = (identity = testIdentity()): TestAgent =>
    agents.use(new TestAgent(`ws://127.0.0.1:${port}/agent`, identity));
  const opened = resources.move();
  return {
    server,
    connect,
    async host(hello = {}) {
      const agent = connect();
      showTables(agent);
      const { token } = await createEnrolToken(store);
      const hostId = await agent.enrol(token, { protocolVersion: 3, ...hello });
      pulseOn(agent);
      await until(() => live.status(hostId) === 'live');
      const { body } = await server.get<{ items: { id: string }[] }>(`/api/v1/hosts/${hostId}/processes`);
      const connections = await server.get<{ items: { id: string }[] }>(`/api/v1/hosts/${hostId}/connections`);
      return { agent, hostId, processId: body.items[0]!.id, connectionId: connections.body.items[0]!.id };
    },
    async signIn() {
      const response = await fetch(`${url}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: await createLoginCode(store.db) }),
      });
      const { secret } = (await response.json()) as { secret: string };
      return { cookie: response.headers.getSetCookie()[0]!.split(';')[0]!, 'x-foretop-session': secret };
    },
    async ask(method, path, headers, body) {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A host is live as long as it pulses. */
function pulseOn(agent: TestAgent): void {
  agent.pulse();
  const timer = setInterval(() => agent.pulse(), 1_000).unref();
  agent.socket.on('close', () => clearInterval(timer));
}

/** Shows the same tables under every lease, at once and then every half second. */
function showTables(agent: TestAgent): void {
  let sequence = 0;
  let leased = false;
  const show = () =>
    agent.send({
      live: {
        sequence: ++sequence,
        boottimeUs: agent.boottimeUs(),
        keyFrame: true,
        hasConnections: true,
        hasProcesses: true,
        started: [{ identity: { pid: 4711, startTicks: 4711, startedUs: 47_110_000, comm: 'nginx' } }],
        opened: [
          {
            ...{ handle: 1, cookie: 77, protocol: 6, state: 1, pid: 4711, pidStartTicks: 4711, comm: 'nginx' },
            ...{ localAddress: Uint8Array.of(10, 0, 0, 1), localPort: 443 },
            ...{ remoteAddress: Uint8Array.of(192, 0, 2, 7), remotePort: 50_000, startedUs: 48_000_000 },
          },
        ],
      },
    });
  agent.socket.on('message', (data) => {
    const { watch } = decodeCollectorFrame(data as Buffer);
    if (!watch) return;
    leased = (watch.ttlMs ?? 0) > 0;
    if (leased) show();
  });
  const timer = setInterval(() => leased && show(), 500).unref();
  agent.socket.on('close', () => clearInterval(timer));
}
