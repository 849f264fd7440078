import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeAgentFrame } from '@foretop/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from './clock.ts';
import { openTestWire, type TestWire, until } from '../../test/wire.ts';

let wire: TestWire;

beforeAll(async () => {
  wire = await openTestWire();
});

afterAll(() => wire[Symbol.asyncDispose]());

describe('frames', () => {
  const welcomeFirst = ['pulse', 'batch', 'live', 'goodbye'] as const;
  it.each(welcomeFirst)('%s before Hello is out of turn', async (kind) => {
    using agent = wire.connect();
    await agent.next('challenge');
    agent.send({ [kind]: {} });
    expect((await agent.ended).name).toBe('unexpected-frame');
  });

  it('a frame between Hello and Welcome, and a second Hello, are out of turn', async () => {
    using early = wire.connect();
    const hello = await early.hello({
      enrolment: { token: await wire.newToken(), publicKey: early.identity.publicKey },
    });
    early.send({ hello });
    early.send({ pulse: { boottimeUs: 1 } });
    expect((await early.ended).name).toBe('unexpected-frame');
    const { agent } = await wire.enrolled();
    agent.send({ hello: { protocolVersion: 1 } });
    expect((await agent.ended).name).toBe('unexpected-frame');
  });

  it.each([
    ['random bytes', Uint8Array.of(255, 254, 253)],
    ['nothing', new Uint8Array(0)],
    ['half a frame', encodeAgentFrame({ goodbye: { reason: 'stopping' } }).subarray(0, 5)],
    ['text', 'hello'],
  ])('%s: malformed', async (_, bytes) => {
    using agent = wire.connect();
    await agent.next('challenge');
    agent.sendRaw(bytes);
    expect((await agent.ended).name).toBe('malformed-frame');
  });

  it('more than a frame may hold', async () => {
    const { agent } = await wire.enrolled();
    agent.sendRaw(Buffer.alloc((1 << 20) + 1));
    // RFC 6455 section 7.4.1: 1009, message too big.
    expect((await agent.ended).code).toBe(1009);
  });

  it('a flood', async () => {
    const { agent } = await wire.enrolled();
    for (let i = 0; i < 1_500; i++) agent.pulse();
    expect((await agent.ended).name).toBe('unexpected-frame');
  });

  it('no Hello in time', async () => {
    await using quick = await openTestWire({ helloTimeoutMs: 100 });
    expect((await quick.connect().ended).name).toBe('hello-timeout');
    expect(quick.endpoint.counters()).toMatchObject({ unknown: 0, closed_hello_timeout_total: 1 });
  });
});

interface Answer {
  status: number | undefined;
  retryAfter: number;
}

/** What an upgrade request is answered with; 101 when it becomes a WebSocket. */
async function upgrade(port: number, headers: Record<string, string> = {}): Promise<Answer> {
  const asked = request({
    port,
    path: '/agent',
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'foretop.agent.v1',
      ...headers,
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  asked.on('error', reject);
  asked.on('response', (response) => {
    response.resume();
    resolve({ status: response.statusCode, retryAfter: Number(response.headers['retry-after']) });
  });
  asked.on('upgrade', (response, socket) => {
    socket.on('error', () => undefined);
    resolve({ status: response.statusCode, retryAfter: 0 });
    opened.push(socket);
  });
  asked.end();
  return await promise;
}

const opened: { destroy(): void }[] = [];
const closeOpened = (): void => opened.splice(0).forEach((socket) => socket.destroy());

describe('upgrade requests', () => {
  it('of browsers are refused', async () => {
    expect(await upgrade(wire.port, { origin: 'http://localhost:8420' })).toMatchObject({ status: 403 });
  });

  it('without the subprotocol are refused', async () => {
    expect(await upgrade(wire.port, { 'sec-websocket-protocol': 'foretop.live.v1' })).toMatchObject({ status: 400 });
  });

  it('with a broken key are refused by the handshake, and hold no place', async () => {
    expect(await upgrade(wire.port, { 'sec-websocket-key': 'x' })).toMatchObject({ status: 400 });
    await until(() => wire.endpoint.counters()['unknown'] === 0);
  });

  it('are let in at a rate; the others are told to come back, not all at once', async () => {
    // The clock stands still, however long the answers take.
    const clock = { ...systemClock, monotonicUs: () => 1e9 };
    await using slow = await openTestWire({ admissionPerSecond: 5, clock });
    const answers = await Promise.all(Array.from({ length: 25 }, () => upgrade(slow.port)));
    expect(answers.filter(({ status }) => status === 101).length).toBe(5);
    const refused = answers.filter(({ status }) => status === 503);
    const waits = refused.map(({ retryAfter }) => retryAfter);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1);
    expect(new Set(waits).size).toBeGreaterThanOrEqual(4);
    expect(slow.endpoint.counters()).toMatchObject({ refusedTotal: refused.length });
    closeOpened();
  });

  it('from one address may leave only so many connections without a Hello', async () => {
    await using strict = await openTestWire({ mostUnknownPerAddress: 3 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => upgrade(strict.port)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([101, 101, 101, 503, 503]);
    closeOpened();
    await until(() => strict.endpoint.counters()['unknown'] === 0);
    const { agent } = await strict.enrolled();
    expect(agent.socket.readyState).toBe(WebSocket.OPEN);
    expect(strict.endpoint.counters()).toMatchObject({ unknown: 0, connected: 1 });
  });
});

describe('a session', () => {
  it('gives pulses to the live side and notes when the host was last heard', async () => {
    await using short = await openTestWire();
    const { agent, hostId } = await short.enrolled();
    await short.store.db.updateTable('host').set({ last_seen_at: null }).execute();
    agent.pulse(42);
    await until(() => short.live.lastPulse(hostId)?.pulse.rxRate === 42);
    await short.endpoint[Symbol.asyncDispose]();
    const host = await short.store.db.selectFrom('host').select('last_seen_at').executeTakeFirstOrThrow();
    expect(Date.now() - host.last_seen_at!.getTime()).toBeLessThan(5_000);
  });

  it('relays leases to the agent and its frames to viewers', async () => {
    const { agent, hostId } = await wire.enrolled();
    const tables = wire.live.tables(hostId, [2], 5_000);
    expect(await agent.next('watch')).toMatchObject({ sections: [2], keyFrame: true });
    agent.send({ live: { sequence: 1, boottimeUs: agent.boottimeUs(), keyFrame: true, hasConnections: true } });
    expect(Math.abs((await tables)!.asOfUs / 1000 - Date.now())).toBeLessThan(1_000);
  });

  it('is ended by the collector when that stops, and nobody comes in any more', async () => {
    await using stopping = await openTestWire();
    const { agent } = await stopping.enrolled();
    const stopped = stopping.endpoint[Symbol.asyncDispose]();
    expect((await agent.ended).name).toBe('shutting-down');
    await stopped;
    expect(await upgrade(stopping.port)).toMatchObject({ status: 503 });
  });

  it('of a silent agent is kept by its pongs, and given up without them', async () => {
    let aheadUs = 0;
    const clock = { ...systemClock, monotonicUs: () => systemClock.monotonicUs() + aheadUs };
    await using impatient = await openTestWire({ clock, checkAliveMs: 20 });
    const { agent } = await impatient.enrolled();
    const { agent: dead } = await impatient.enrolled();
    dead.socket.pause();
    aheadUs += 15_000_000;
    await once(agent.socket, 'ping');
    // Time for its pong to arrive.
    await sleep(500);
    aheadUs += 20_000_000;
    await until(() => impatient.endpoint.counters()['connected'] === 1);
    dead.socket.resume();
    expect((await dead.ended).code).toBe(1006);
    await sleep(100);
    expect(agent.socket.readyState).toBe(WebSocket.OPEN);
  });
});
