// The simulated world by itself: the same seed gives the same bytes, both ends of a connection agree, nothing is lost or counted twice.
import { createHash } from 'node:crypto';
import {
  BatchBody,
  Direction,
  DnsKind,
  DnsRole,
  formatAddress,
  Metric,
  NameSource,
  openBatch,
  OwnerRule,
  unpackDeltas,
} from '@foretop/proto';
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

  test('wall clocks are seconds to ten years off where asked for, and no record goes by them', () => {
    const [right, skewed] = [simulate(12), simulate(12, { skewedShare: 1 })];
    const offBy = (world: World) => world.hosts.map(({ wallSkewUs }) => Math.abs(wallSkewUs) / 1e6);
    expect(Math.max(...offBy(right.world))).toBeLessThan(0.1);
    expect(Math.min(...offBy(skewed.world))).toBeGreaterThan(1);
    expect(Math.max(...offBy(skewed.world))).toBeGreaterThan(86_400 * 100);
    expect(digest(skewed.batches)).toBe(digest(right.batches));
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

describe('what an agent of today sees', () => {
  const bodiesOf = (batches: Map<number, SpooledBatch[]>) =>
    [...batches.values()].flat().map(({ payload, payloadBytes }) => openBatch(payload, payloadBytes));

  test('questions have names, askers and every outcome; all of them are recorded, folded ones counted each', () => {
    const { world, batches } = simulate(180, { hosts: 12 });
    world.finish();
    for (const { sealed, totals } of world.hosts) expect(sealed.dnsExchanges).toBe(totals.dnsExchanges);
    const rows = bodiesOf(batches).flatMap(({ dnsExchanges, strings }) =>
      dnsExchanges!.map((row) => ({ ...row, text: strings![row.name!]! })),
    );
    expect(rows.length).toBeGreaterThan(300);
    const share = (of: (row: (typeof rows)[number]) => boolean) => rows.filter(of).length / rows.length;
    expect(share(({ rcode }) => rcode === 3)).toBeGreaterThan(0.02);
    expect(share(({ answered }) => !answered)).toBeGreaterThan(0.002);
    expect(share(({ latencyUs }) => (latencyUs ?? 0) > 500_000)).toBeGreaterThan(0.005);
    expect(share(({ role }) => role === DnsRole.DNS_ROLE_SERVER)).toBeGreaterThan(0.1);
    expect(share(({ kind }) => kind === DnsKind.DNS_KIND_MDNS)).toBeGreaterThan(0);
    for (const { text, addresses } of rows) {
      expect(text).toMatch(/^[_a-z0-9.-]+$/);
      for (const address of addresses ?? []) expect([4, 16]).toContain(address.length);
    }
  });

  test('connections to names say how they are known, and how their process was', () => {
    const { batches } = simulate(60, { hosts: 12 });
    const rows = bodiesOf(batches).flatMap(({ segments, strings }) =>
      segments!.map((row) => ({ ...row, text: strings![row.name!]!, hello: strings![row.alpn!]! })),
    );
    const sni = rows.filter(({ nameSource }) => nameSource === NameSource.NAME_SOURCE_SNI);
    expect(sni.length).toBeGreaterThan(10);
    expect(new Set(sni.map(({ remotePort }) => remotePort))).toEqual(new Set([443]));
    expect(sni.every(({ hello, text }) => /^(h2|h3|http\/1\.1)$/.test(hello) && text.includes('.'))).toBe(true);
    const rules = new Set(rows.map(({ ownerRule }) => ownerRule));
    const { OWNER_RULE_CONNECT, OWNER_RULE_ACCEPT, OWNER_RULE_HOLDER } = OwnerRule;
    for (const rule of [OWNER_RULE_CONNECT, OWNER_RULE_ACCEPT, OWNER_RULE_HOLDER]) expect(rules).toContain(rule);
  });

  test('a noisy host is scanned and loses events, both of which its records say in full', () => {
    const { world, batches } = simulate(190, { hosts: 2, profile: 'noisy' });
    world.finish();
    for (const { sealed, totals } of world.hosts) {
      expect(totals.scanPackets).toBeGreaterThan(0);
      expect(sealed.scanPackets).toBe(totals.scanPackets);
    }
    const series = bodiesOf(batches)
      .flatMap(({ metrics }) => metrics!)
      .filter(({ subject }) => subject === '')
      .flatMap(({ series, count }) =>
        series!.map(({ metric, values }) => ({ metric, values: unpackDeltas(values!, count!) })),
      );
    const sum = (wanted: Metric) =>
      series
        .filter(({ metric }) => metric === wanted)
        .reduce((all, { values }) => all + values.reduce((a, b) => a + b), 0);
    expect(sum(Metric.METRIC_EVENTS_LOST)).toBe(world.hosts.reduce((all, { totals }) => all + totals.eventsLost, 0));
    const coverage = sum(Metric.METRIC_SOCKET_BYTES) / sum(Metric.METRIC_INTERFACE_BYTES);
    expect(coverage).toBeGreaterThan(0.4);
    expect(coverage).toBeLessThanOrEqual(1);
  });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
