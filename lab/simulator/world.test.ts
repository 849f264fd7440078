// The simulated world by itself: the same seed gives the same bytes, both ends of a connection agree, nothing is lost or counted twice.
import { createHash } from 'node:crypto';
import { BatchBody, Direction, formatAddress, openBatch } from '@foretop/proto';
import { describe, expect, test } from 'vitest';
import type { TrackedConnection } from '../../agent/src/collect/tick.ts';
import { addRows, noRows } from './counts.ts';
import type { SimulatedHost } from './host.ts';
import type { SpooledBatch } from './spool.ts';
import { createWorld, stepsPerSecond, type World, type WorldOptions } from './world.ts';

const startUs = 1_795_000_000_000_000;

function simulate(seconds: number, options: Partial<WorldOptions> = {}) {
  const batches = new Map<number, SpooledBatch[]>();
  const world = createWorld(
    { seed: 'test', hosts: 16, profile: 'mix', startUs, ...options },
    {
      ticked() {},
      sealed: (host, sealed) => batches.set(host.index, [...(batches.get(host.index) ?? []), ...sealed]),
    },
  );
  for (let step = 0; step < seconds * stepsPerSecond; step++) world.step();
  return { world, batches };
}

function digest(batches: Map<number, SpooledBatch[]>): string {
  const hash = createHash('sha256');
  for (const [host, list] of [...batches].sort(([a], [b]) => a - b)) {
    for (const { sequence, payload } of list) hash.update(`${host}/${sequence}/`).update(payload);
  }
  return hash.digest('hex');
}

describe('determinism', () => {
  test('the same seed gives byte-identical batches', () => {
    const first = simulate(70).batches;
    expect([...first.values()].flat().length).toBeGreaterThan(16 * 10);
    expect(digest(simulate(70).batches)).toBe(digest(first));
  });

  test.each([{ seed: 'other' }, { run: 2 }])('%o gives other batches', (options) => {
    expect(digest(simulate(12, options).batches)).not.toBe(digest(simulate(12).batches));
  });

  test('hosts and their machines stay the same from run to run, boots and epochs do not', () => {
    const [first, second] = [simulate(0, { run: 1 }).world, simulate(0, { run: 2 }).world];
    const names = (world: World) => world.hosts.map(({ description }) => description);
    const boots = (world: World) => world.hosts.flatMap(({ bootId, epoch }) => [hex(bootId), hex(epoch)]);
    expect(names(second)).toEqual(names(first));
    expect(new Set([...boots(first), ...boots(second)]).size).toBe(16 * 4);
  });
});

describe('both ends of a connection', () => {
  test('agree on addresses, ports, start and counters at any moment', () => {
    const { world } = simulate(40);
    for (const host of world.hosts) world.sync(host);
    const byTuple = new Map<string, TrackedConnection & { host: SimulatedHost }>(
      world.hosts.flatMap((host) =>
        [...host.ends.values()].map((end) => [`${end.flow}/${end.side}`, { host, ...end.connection }] as const),
      ),
    );
    const local = new Set(world.hosts.map(({ addresses }) => formatAddress(addresses.v4)));
    let compared = 0;
    for (const [key, client] of byTuple) {
      if (client.direction !== Direction.DIRECTION_OUTBOUND || client.state === 6) continue;
      const server = byTuple.get(key.replace('/0', '/1'));
      if (!server) {
        expect(local).not.toContain(formatAddress(client.remoteAddress));
        continue;
      }
      compared++;
      expect([server.remoteAddress, server.remotePort]).toEqual([client.localAddress, client.localPort]);
      expect([server.localAddress, server.localPort]).toEqual([client.remoteAddress, client.remotePort]);
      expect([server.rxBytes, server.txBytes]).toEqual([client.txBytes, client.rxBytes]);
      expect(server.startedUs + server.host.bootUnixUs).toBe(client.startedUs + client.host.bootUnixUs);
      expect(server.direction).toBe(Direction.DIRECTION_INBOUND);
    }
    expect(compared).toBeGreaterThan(150);
  });

  test('a web host’s connection to a database stands on the database host, with the process that accepts', () => {
    const { world } = simulate(5);
    const web = world.hosts.find(({ profile }) => profile.name === 'web-server')!;
    const pool = [...web.ends.values()].filter(({ connection }) => connection.remotePort === 5432);
    expect(pool.length).toBeGreaterThan(10);
    const databases = world.hosts.filter(({ profile }) => profile.name === 'database');
    for (const { connection } of pool) {
      const database = databases.find(({ addresses }) => addresses.v4 === connection.remoteAddress)!;
      const far = [...database.ends.values()].filter((end) => end.connection.remotePort === connection.localPort);
      expect(far.map((end) => end.connection.comm)).toContain('postgres');
    }
  });
});

describe('conservation', () => {
  test('deltas of all segments and what is not yet recorded add up to the totals', () => {
    const { world, batches } = simulate(330, { profile: 'typical', hosts: 4 });
    world.finish();
    for (const host of world.hosts) {
      const sum = noRows();
      for (const batch of batches.get(host.index) ?? []) addRows(sum, batch.rows);
      expect(sum).toEqual(host.sealed);
      expect([sum.rxBytes, sum.txBytes]).toEqual([host.totals.rxBytes, host.totals.txBytes]);
      const { listeners } = host.profile;
      expect(sum.closed).toBe(host.totals.closed + listeners.length);
      expect(host.totals.closed).toBe(host.totals.opened);
      expect(host.totals.rxBytes).toBeGreaterThan(0);
    }
  });

  test('holds with folded floods of short connections too', () => {
    const { world, batches } = simulate(60, { profile: 'noisy', hosts: 2 });
    world.finish();
    const folded = [...batches.values()]
      .flat()
      .some(({ payload, payloadBytes }) =>
        openBatch(payload, payloadBytes).segments?.some(({ connectionCount }) => (connectionCount ?? 0) > 1),
      );
    expect(folded).toBe(true);
    for (const { sealed, totals } of world.hosts) {
      expect([sealed.rxBytes, sealed.txBytes]).toEqual([totals.rxBytes, totals.txBytes]);
    }
  });

  test('a typical host has 200 connections, of which 60 close a minute, and 30 processes', () => {
    const { world } = simulate(120, { profile: 'typical', hosts: 20 });
    const mean = (of: (host: World['hosts'][number]) => number) =>
      world.hosts.reduce((sum, host) => sum + of(host), 0) / 20;
    expect(mean(({ openConnections }) => openConnections)).toBeGreaterThan(180);
    expect(mean(({ openConnections }) => openConnections)).toBeLessThan(220);
    expect(mean(({ totals }) => totals.closed / 2)).toBeGreaterThan(50);
    expect(mean(({ totals }) => totals.closed / 2)).toBeLessThan(75);
    expect(mean(({ processes }) => processes.size)).toBe(30);
  });

  test('the interface samples of a host are what its connections carried, with headers', () => {
    const { world } = simulate(90, { profile: 'database', hosts: 3 });
    for (const { interfaces, totals } of world.hosts) {
      const { rxBytes, txBytes } = interfaces.uplink;
      expect(rxBytes + txBytes).toBeGreaterThan(totals.rxBytes * 0.9);
      expect(interfaces.loopback.rxBytes).toBe(interfaces.loopback.txBytes);
    }
  });
});

test('every profile’s traffic names processes that the profile runs', () => {
  for (const profile of ['idle', 'web-server', 'database', 'workstation', 'noisy', 'typical'] as const) {
    const [host] = simulate(0, { profile, hosts: 1 }).world.hosts;
    for (const { process } of host!.profile.traffic) expect([...host!.processesOf.keys()]).toContain(process);
  }
});

test('bodies carry what the protocol wants: boot id, chunks of whole minutes, valid addresses', () => {
  const { batches, world } = simulate(130, { hosts: 2, profile: 'web-server' });
  for (const [index, list] of batches) {
    const bodies = list.map(({ payload, payloadBytes }) => openBatch(payload, payloadBytes));
    for (const body of bodies) expect(hex(body.bootId!)).toBe(hex(world.hosts[index]!.bootId));
    const chunks = bodies.flatMap(({ metrics }) => metrics ?? []).filter(({ subject }) => subject === '');
    expect(chunks.map(({ count }) => count)).toContain(60);
    expect(BatchBody.encode(bodies[0]!).finish().length).toBe(list[0]!.payloadBytes);
  }
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
