// Hosts that are made from the recorded machine: the same for the same seed, each another, and of its shape.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { recorded } from '../profiles/recorded.ts';
import { createWorld, stepsPerSecond, type WorldOptions } from '../world.ts';
import { readSnapshot } from './snapshot.ts';

const snapshot = readSnapshot(new URL('../snapshots/build-machine.json', import.meta.url).pathname);
const startUs = 1_795_000_000_000_000;

function simulate(seconds: number, options: Partial<WorldOptions> = {}) {
  const hash = createHash('sha256');
  const world = createWorld(
    { seed: 'test', hosts: 20, profile: 'mix', recorded: [recorded], startUs, ...options },
    { ticked() {}, sealed: (_host, batches) => batches.forEach(({ payload }) => hash.update(payload)) },
  );
  const sums = { open: 0, processes: 0, looks: 0 };
  for (let step = 1; step <= seconds * stepsPerSecond; step++) {
    world.step();
    if (step % (10 * stepsPerSecond) !== 0) continue;
    sums.looks += world.hosts.length;
    for (const host of world.hosts) {
      sums.open += host.openConnections;
      sums.processes += host.processes.size;
    }
  }
  return { world, sums, digest: hash.digest('hex') };
}

test('the same seed gives byte-identical batches, another seed others', () => {
  const { digest } = simulate(20);
  expect(simulate(20).digest).toBe(digest);
  expect(simulate(20, { seed: 'other' }).digest).not.toBe(digest);
});

test('a host has the shape of the recorded one', { timeout: 60_000 }, () => {
  const seconds = 240;
  const { world, sums } = simulate(seconds);
  const perMinute = (of: (totals: (typeof world.hosts)[number]['totals']) => number) =>
    world.hosts.reduce((sum, { totals }) => sum + of(totals), 0) / world.hosts.length / (seconds / 60);
  const near = (value: number, recorded: number, most: number) => {
    expect(value).toBeGreaterThan(recorded * (1 - most));
    expect(value).toBeLessThan(recorded * (1 + most));
  };
  const { openConnections, processes, listening, opensPerMinute, closesPerMinute, questionsPerMinute } = snapshot.shape;
  // No connection here is shorter than a second: as many more are open as begin in one.
  near(sums.open / sums.looks, openConnections + opensPerMinute / 60, 0.2);
  near(sums.processes / sums.looks, processes, 0.1);
  near(
    perMinute(({ opened }) => opened),
    opensPerMinute,
    0.25,
  );
  near(
    perMinute(({ closed }) => closed),
    closesPerMinute,
    0.25,
  );
  near(
    perMinute(({ dnsExchanges }) => dnsExchanges),
    questionsPerMinute,
    0.25,
  );
  for (const host of world.hosts) expect(host.profile.listeners.length).toBe(listening);
});

test('no two hosts are the same', () => {
  const { hosts } = simulate(12).world;
  const different = (of: (host: (typeof hosts)[number]) => unknown) =>
    expect(new Set(hosts.map((host) => JSON.stringify(of(host)))).size).toBe(hosts.length);
  different(({ addresses }) => [...addresses.v4]);
  different(({ processes }) => [...processes.keys()]);
  different(({ profile }) => profile.traffic.map(({ upBytes }) => upBytes));
  different(({ totals }) => totals);
  expect(new Set(hosts.map(({ profile }) => profile.traffic.length)).size).toBe(1);
});

test('what the recorded programs talk to has its recorded names, of which none is known elsewhere', () => {
  const { hosts } = simulate(20).world;
  const names = hosts.flatMap(({ connections }) => [...connections.values()].map(({ name }) => name ?? ''));
  expect(names.filter((name) => /^host-\d+\.zone-\d+\.example$/.test(name)).length).toBeGreaterThan(20);
  for (const name of names) expect(name).toMatch(/^$|\.example$/);
});

test('the recorded machine cannot be told from its snapshot', () => {
  for (const { address, name } of snapshot.farEnds) {
    expect(address).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113|10\.99\.\d+|198\.18\.\d+)\.\d+$|^(2001:db8|fd99)::/);
    if (name !== null) expect(name).toMatch(/^(host-\d+\.)?zone-\d+\.example$/);
  }
  for (const { executable, unit } of snapshot.processes) {
    expect(executable).toMatch(/^(\/usr)?\/(s?bin|lib|lib64|libexec)\/|^\/opt\/example\/bin\/[\w.+-]+$/);
    expect(unit).toMatch(/^$|^[\w-]+(@example)?\.(service|socket|scope)$/);
  }
  expect(snapshot.system.kernel).toMatch(/^[\d.]+$/);
  expect(JSON.stringify(snapshot)).not.toMatch(/[0-9a-f]{8,}|\/(home|root|tmp|work|srv)\//);
});
