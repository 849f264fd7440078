// The agent runs the invalid vectors: whatever a collector sends first, the agent parts with the vector's close code.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { closeReasons, limits } from '@foretop/proto';
import { invalidVectors } from '@foretop/proto/vectors';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { temporaryDirectory } from '../../agent/test/temporary-directory.ts';
import { openClockOffset } from '../../agent/src/wire/clock-offset.ts';
import { startConnector } from '../../agent/src/wire/connector.ts';
import { openDirectSocket } from '../../agent/src/wire/direct-socket.ts';
import { openEnrolment } from '../../agent/src/wire/enrolment.ts';
import { openIdentity } from '../../agent/src/wire/identity.ts';
import { openSpool } from '../../agent/src/wire/spool.ts';

const frames = invalidVectors().filter(({ kind }) => kind === 'collector-frame');
/** The WebSocket itself refuses a message beyond its limit (RFC 6455 section 7.4.1). */
const messageTooBig = 1009;

test.each(frames)('$name: $close', async ({ bytes, close }) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const closed = new Promise<number>((resolve) => {
    server.once('connection', (socket) => {
      socket.once('close', resolve);
      socket.send(bytes);
    });
  });
  await using agent = await startAgent((server.address() as AddressInfo).port);
  expect(await closed).toBe(bytes.length > limits.frameBytes ? messageTooBig : closeReasons[close].code);
  await agent.stop();
  server.close();
});

/** An agent that was enrolled before, on files of its own. */
async function startAgent(port: number): Promise<{ stop(): Promise<void> } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(temporaryDirectory());
  const stopping = new AbortController();
  const bootId = new Uint8Array(16).fill(7);
  const spool = stack.use(
    openSpool({
      directory: `${path}/spool`,
      epoch: new Uint8Array(8),
      onLoss: () => undefined,
      onDisk: () => undefined,
    }),
  );
  const token = { collectorId: 'collector-1', text: 'fte1_x' };
  const connector = startConnector({
    url: `ws://127.0.0.1:${port}/agent`,
    openSocket: openDirectSocket,
    identity: await openIdentity(`${path}/agent-key.json`),
    enrolment: openEnrolment(`${path}/enrolment.json`, token),
    spool,
    bootId,
    clock: { boottimeUs: () => Math.round(performance.now() * 1_000), wallUs: () => 1 },
    offset: openClockOffset(`${path}/clock.json`, bootId, () => undefined),
    hello: () => ({
      agentVersion: '0.1.0',
      machineId: new Uint8Array(32),
      host: { name: 'h' },
      scope: 'machine',
      tier: 2,
      sources: [],
    }),
    onWatch: () => undefined,
    onAck: () => undefined,
    commands: { opened: () => undefined, handle: () => undefined },
    onEnd: () => undefined,
    random: () => 1,
    log: pino({ level: 'silent' }),
    signal: stopping.signal,
  });
  const stop = async () => {
    stopping.abort();
    await connector.ended;
  };
  stack.defer(stop);
  const owned = stack.move();
  return { stop, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
