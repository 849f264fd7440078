// A collector on loopback for tests of the wire: real HTTP and WebSockets, whatever answers the test wants.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  closeReasons,
  decodeAgentFrame,
  encodeCollectorFrame,
  limits,
  openBatch,
  protocolVersion,
  minimumProtocolVersion,
  type AgentFrame,
  type BatchBody,
  type CloseName,
  type CollectorFrame,
  type Hello,
  type SealedBatch,
} from '@foretop/proto';
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { WebSocketServer, type WebSocket } from 'ws';

export interface FakeConnection {
  hello: Hello | undefined;
  send(frame: CollectorFrame): void;
  raw(bytes: Uint8Array | string): void;
  close(reason: CloseName): void;
  drop(): void;
}

export interface FakeCollectorOptions {
  collectorId?: string;
  /** Answers the upgrade with this instead of a WebSocket. */
  refuseUpgrade?: () => { status: number; headers?: Record<string, string> } | undefined;
  /** Instead of Welcome. */
  onHello?: (connection: FakeConnection, hello: Hello) => void;
  /** Whether to acknowledge; default yes. */
  acknowledges?: (batch: SealedBatch) => boolean;
  challenge?: CollectorFrame['challenge'];
  /** Answers no ping. */
  silent?: boolean;
}

export interface FakeCollector extends AsyncDisposable {
  url: string;
  token: string;
  connections: FakeConnection[];
  /** How many of them have ended. */
  readonly gone: number;
  frames: AgentFrame[];
  /** Every batch that came, replays included. */
  batches: SealedBatch[];
  bodies(): BatchBody[];
  cursors: Map<string, number>;
  setOptions(options: FakeCollectorOptions): void;
}

export const fakeCollectorId = 'collector-under-test';

export function enrolmentToken(collectorId = fakeCollectorId): string {
  const content = { c: collectorId, s: randomBytes(32).toString('base64url'), e: Math.floor(Date.now() / 1000) + 900 };
  return `fte1_${Buffer.from(JSON.stringify(content)).toString('base64url')}`;
}

export async function startFakeCollector(initial: FakeCollectorOptions = {}, port = 0): Promise<FakeCollector> {
  let options = initial;
  const connections: FakeConnection[] = [];
  const frames: AgentFrame[] = [];
  const batches: SealedBatch[] = [];
  const cursors = new Map<string, number>();
  let gone = 0;
  const server = createServer((_: IncomingMessage, response: ServerResponse) => response.writeHead(404).end());
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytes,
    perMessageDeflate: false,
    autoPong: !initial.silent,
  });

  server.on('upgrade', (request, socket, head) => {
    const refusal = options.refuseUpgrade?.();
    if (!refusal) return sockets.handleUpgrade(request, socket, head, (opened) => talk(opened));
    const headers = Object.entries({ Connection: 'close', 'Content-Length': '0', ...refusal.headers });
    socket.end(
      `HTTP/1.1 ${refusal.status} No\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
  });

  function talk(socket: WebSocket): void {
    const nonce = Buffer.from(options.challenge?.nonce ?? randomBytes(32));
    const connection: FakeConnection = {
      hello: undefined,
      send: (frame) => socket.send(encodeCollectorFrame(frame)),
      raw: (bytes) => socket.send(bytes),
      close: (reason) => socket.close(closeReasons[reason].code, reason),
      drop: () => socket.terminate(),
    };
    connections.push(connection);
    const collectorId = options.collectorId ?? fakeCollectorId;
    const versions = { protocolVersion, minimumVersion: minimumProtocolVersion };
    connection.send({ challenge: { nonce, collectorId, ...versions, ...options.challenge } });
    socket.on('error', () => undefined);
    socket.on('close', () => void gone++);
    socket.on('message', (data) => {
      const frame = decodeAgentFrame(data as Buffer);
      frames.push(frame);
      if (frame.hello) void greet(connection, frame.hello, nonce);
      if (frame.batch) take(connection, frame.batch);
    });
  }

  async function greet(connection: FakeConnection, hello: Hello, nonce: Buffer): Promise<void> {
    connection.hello = hello;
    if (hello.enrolment?.publicKey) await verifyHello(hello, nonce);
    if (options.onHello) return options.onHello(connection, hello);
    connection.send(welcomeFor(hello, cursors));
  }

  function take(connection: FakeConnection, batch: SealedBatch): void {
    batches.push(batch);
    if (options.acknowledges && !options.acknowledges(batch)) return;
    const key = Buffer.from(batch.epoch!).toString('hex');
    const cursor = cursors.get(key) ?? 0;
    if (batch.previousSequence! > cursor) return connection.close('sequence-gap');
    cursors.set(key, Math.max(cursor, batch.sequence!));
    connection.send({ ack: { epoch: batch.epoch!, sequence: batch.sequence!, collectorUs: Date.now() * 1000 } });
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: enrolmentToken(),
    connections,
    get gone() {
      return gone;
    },
    frames,
    batches,
    bodies: () => batches.map((batch) => openBatch(batch.payload!, batch.payloadBytes!)),
    cursors,
    setOptions: (next) => (options = next),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

export function welcomeFor(hello: Hello, cursors: ReadonlyMap<string, number> = new Map()): CollectorFrame {
  const acknowledged = (hello.epochs ?? []).flatMap(({ epoch }) => {
    const sequence = cursors.get(Buffer.from(epoch!).toString('hex'));
    return sequence === undefined ? [] : [{ epoch: epoch!, sequence }];
  });
  const settings = { pulseIntervalMs: 1_000, maxInflightBatches: 4 };
  return { welcome: { protocolVersion, hostId: 7, collectorUs: Date.now() * 1000, acknowledged, settings } };
}

/** Throws unless the JWT is what docs/protocol.md says. */
export async function verifyHello(hello: Hello, nonce: Uint8Array): Promise<void> {
  const x = Buffer.from(hello.enrolment!.publicKey!).toString('base64url');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x };
  const thumbprint = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');
  const { payload } = await jwtVerify(hello.jwt!, await importJWK(jwk, 'Ed25519'), {
    algorithms: ['Ed25519'],
    typ: 'foretop-agent+jwt',
    issuer: thumbprint,
    subject: thumbprint,
    audience: fakeCollectorId,
  });
  const expected = {
    kid: thumbprint,
    nonce: Buffer.from(nonce).toString('base64url'),
    mid: Buffer.from(hello.machineId!).toString('base64url'),
  };
  const found = { kid: decodeProtectedHeader(hello.jwt!).kid, nonce: payload['nonce'], mid: payload['mid'] };
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new Error(`JWT claims ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  if ('iat' in payload || 'exp' in payload) throw new Error('the JWT has a clock claim');
}
