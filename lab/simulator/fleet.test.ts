// A simulated fleet against a small collector that speaks the protocol and keeps nothing but counts.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AgentFrame,
  decodeAgentFrame,
  encodeBatchBody,
  encodeCollectorFrame,
  LiveSection,
  openBatch,
  type CollectorFrame,
} from '@foretop/proto';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { addRows, countRows, noRows } from './counts.ts';
import { NoTokenError } from './enrol-tokens.ts';
import { createFleet, type FleetOptions } from './fleet.ts';

interface FakeHost {
  hostId: number;
  sequence: number;
  rows: ReturnType<typeof noRows>;
  batches: Map<number, Uint8Array>;
}

/** Stores by the cursor rule of docs/protocol.md, in memory. */
class FakeCollector {
  readonly server: Server = createServer();
  readonly sockets = new WebSocketServer({ noServer: true });
  readonly hosts = new Map<string, FakeHost>();
  readonly frames: AgentFrame[] = [];
  /** Upgrades answered 503 before the first is taken. */
  refusals = 0;
  acknowledges = true;
  enrolments = 0;
  outOfOrder = 0;
  readonly open = new Set<WebSocket>();

  async listen(): Promise<string> {
    this.server.on('upgrade', (request, socket, head) => {
      if (this.refusals-- > 0) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (client) => this.#serve(client));
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const client of this.open) client.terminate();
    this.server.close();
  }

  #serve(client: WebSocket): void {
    this.open.add(client);
    client.on('close', () => this.open.delete(client));
    const send = (frame: CollectorFrame) => client.send(encodeCollectorFrame(frame));
    let host: FakeHost | undefined;
    client.on('message', (data) => {
      const frame = decodeAgentFrame(data as Buffer);
      this.frames.push(frame);
      if (frame.hello) {
        const kid = keyOf(frame.hello.jwt!);
        if (frame.hello.enrolment) this.enrolments++;
        host = this.hosts.get(kid) ?? { hostId: this.hosts.size + 1, sequence: 0, rows: noRows(), batches: new Map() };
        this.hosts.set(kid, host);
        const epoch = frame.hello.epochs?.[0]?.epoch;
        const acknowledged =
          epoch && host.sequence > 0 ? [{ epoch, sequence: host.sequence, collectorUs: Date.now() * 1000 }] : [];
        const settings = { pulseIntervalMs: 1_000, maxInflightBatches: 8 };
        send({
          welcome: { protocolVersion: 1, hostId: host.hostId, collectorUs: Date.now() * 1000, acknowledged, settings },
        });
      }
      if (!frame.batch || !host) return;
      const { epoch, sequence, previousSequence, payload, payloadBytes } = frame.batch;
      if (previousSequence! > host.sequence) this.outOfOrder++;
      if (sequence! > host.sequence) {
        host.sequence = sequence!;
        host.batches.set(sequence!, payload!);
        addRows(host.rows, countRows(encodeBatchBody(openBatch(payload!, payloadBytes!))));
      }
      if (this.acknowledges) send({ ack: { epoch: epoch!, sequence: sequence!, collectorUs: Date.now() * 1000 } });
    });
    send({ challenge: { nonce: Buffer.alloc(32, 7), collectorId: 'fake', protocolVersion: 1, minimumVersion: 1 } });
  }

  watch(): void {
    const sections = [
      LiveSection.LIVE_SECTION_BANDWIDTH,
      LiveSection.LIVE_SECTION_CONNECTIONS,
      LiveSection.LIVE_SECTION_PROCESSES,
      LiveSection.LIVE_SECTION_INTERFACES,
    ];
    for (const client of this.open) {
      client.send(encodeCollectorFrame({ watch: { sections, rateHz: 10, ttlMs: 15_000, keyFrame: true } }));
    }
  }
}

/** The thumbprint in the header of a JWT. */
function keyOf(jwt: string): string {
  const header = JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()) as { kid: string };
  return header.kid;
}

let collector: FakeCollector;
let url: string;
let dataDir: string;

beforeEach(async () => {
  collector = new FakeCollector();
  url = await collector.listen();
  dataDir = mkdtempSync(join(tmpdir(), 'foretop-fleet-'));
});

afterEach(() => {
  collector.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const token = `fte1_${Buffer.from(JSON.stringify({ c: 'fake', s: 'secret', e: 0 })).toString('base64url')}`;

/** A minute of history that is caught up with as fast as it goes. */
function fleet(options: Partial<FleetOptions> = {}) {
  return createFleet({
    ...{ collectorUrl: url, tokens: () => Promise.resolve(token), hosts: 3, seed: 'wire', profile: 'mix', dataDir },
    ...{ speed: 100, historySeconds: 60, log: pino({ level: 'silent' }) },
    ...options,
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not happen in 30 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('what the fleet says is acknowledged is what the collector stored, to the byte', { timeout: 60_000 }, async () => {
  await using simulated = fleet();
  simulated.start();
  await until(() => simulated.truth().hosts.every(({ sealedSequence }) => sealedSequence >= 12));
  await simulated.stop();
  const { hosts } = simulated.truth();
  expect(collector.hosts.size).toBe(3);
  for (const host of hosts) {
    const stored = [...collector.hosts.values()].find(({ hostId }) => hostId === host.hostId)!;
    expect(host.acknowledged).toEqual(host.sealed);
    expect(stored.rows).toEqual(host.acknowledged);
    expect([stored.rows.rxBytes, stored.rows.txBytes]).toEqual([host.totals.rxBytes, host.totals.txBytes]);
    expect(host.acknowledgedSequence).toBe(stored.sequence);
    expect(host.open).toEqual([]);
  }
  await until(() => collector.frames.filter(({ goodbye }) => goodbye).length === 3);
});

test('a second run is the same hosts in a new boot and needs no token', async () => {
  for (const expectedEnrolments of [3, 3]) {
    await using simulated = fleet();
    simulated.start();
    await until(() => simulated.truth().hosts.every(({ connected }) => connected));
    expect(collector.enrolments).toBe(expectedEnrolments);
  }
  const boots = collector.frames.flatMap(({ hello }) =>
    hello ? [Buffer.from(hello.clock!.bootId!).toString('hex')] : [],
  );
  expect(collector.hosts.size).toBe(3);
  expect(new Set(boots).size).toBe(6);
});

test('what was not acknowledged is sent again, byte for byte, after a lost connection', async () => {
  collector.acknowledges = false;
  await using simulated = fleet({ hosts: 1 });
  simulated.start();
  const [stored] = await until(() => (collector.hosts.values().next().value?.batches.size ?? 0) >= 8).then(() => [
    ...collector.hosts.values(),
  ]);
  const before = new Map(stored!.batches);
  expect(simulated.truth().hosts[0]!.acknowledgedSequence).toBe(0);
  stored!.sequence = 0;
  stored!.batches.clear();
  stored!.rows = noRows();
  collector.acknowledges = true;
  for (const client of collector.open) client.terminate();
  await until(() => stored!.batches.size >= 8);
  for (const [sequence, payload] of before) expect(Buffer.compare(stored!.batches.get(sequence)!, payload)).toBe(0);
});

test('a collector that sends agents away gets them later', async () => {
  collector.refusals = 2;
  await using simulated = fleet({ hosts: 1 });
  simulated.start();
  await until(() => simulated.truth().hosts[0]!.connected);
});

test('without a token a host stays away, and the truth says so', async () => {
  await using simulated = fleet({ hosts: 1, tokens: () => Promise.reject(new NoTokenError('used up')) });
  simulated.start();
  await until(() => simulated.truth().hosts[0]!.refused === 'no-token');
  expect(collector.frames).toEqual([]);
});

test('a token that cannot be had for the moment is asked for again', async () => {
  let asked = 0;
  const tokens = () => (asked++ === 0 ? Promise.reject(new Error('ECONNREFUSED')) : Promise.resolve(token));
  await using simulated = fleet({ hosts: 1, tokens });
  simulated.start();
  await until(() => simulated.truth().hosts[0]!.connected);
  expect(asked).toBe(2);
}, 10_000);

test('during an outage nothing arrives, afterwards everything does', async () => {
  await using simulated = fleet({ hosts: 2, outages: { everySeconds: 15, lastSeconds: 10 } });
  simulated.start();
  let cut = 0;
  await until(() => {
    cut += simulated
      .truth({ connections: false })
      .hosts.filter(({ online, connected }) => !online && !connected).length;
    return simulated.truth({ connections: false }).hosts.every(({ sealedSequence }) => sealedSequence >= 12);
  });
  await simulated.stop();
  expect(cut).toBeGreaterThan(0);
  for (const host of simulated.truth().hosts) expect(host.acknowledged).toEqual(host.sealed);
  expect(collector.outOfOrder).toBe(0);
});

test('a watched host sends its whole tables, then what changes, and bandwidth ten times a second', async () => {
  await using simulated = fleet({ hosts: 1, historySeconds: 0, speed: 1 });
  simulated.start();
  await until(() => simulated.truth().hosts[0]!.connected);
  collector.watch();
  const live = () => collector.frames.flatMap((frame) => (frame.live ? [frame.live] : []));
  await until(() => live().filter(({ bandwidth }) => bandwidth).length >= 12);
  const { hosts } = simulated.truth();
  const key = live().find(({ keyFrame, opened }) => keyFrame && (opened?.length ?? 0) > 0)!;
  const opened = new Set(live().flatMap((frame) => (frame.opened ?? []).map(({ handle }) => handle)));
  for (const handle of live().flatMap(({ closed }) => closed ?? [])) opened.delete(handle);
  expect(key.opened!.length).toBeGreaterThan(50);
  expect(Math.abs(opened.size - hosts[0]!.open!.length)).toBeLessThan(15); // up to a second behind
  expect(live().some(({ updates }) => (updates?.handle?.length ?? 0) > 0)).toBe(true);
  expect(live().flatMap(({ started }) => started ?? []).length).toBeGreaterThan(10);
});

test('pulses come once a second with the true number of open connections', async () => {
  await using simulated = fleet({ hosts: 1, historySeconds: 0, speed: 1 });
  simulated.start();
  const pulses = () => collector.frames.flatMap(({ pulse }) => (pulse ? [pulse] : []));
  await until(() => pulses().length >= 2);
  expect(Math.abs(pulses().at(-1)!.connections! - simulated.truth().hosts[0]!.openConnections)).toBeLessThan(10);
  expect(pulses()[1]!.boottimeUs! - pulses()[0]!.boottimeUs!).toBe(1_000_000);
});
