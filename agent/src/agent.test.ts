// The whole agent on a host that does not exist: lanes, live lease, SIGTERM, restart.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Hello, LiveSection, type LiveFrame } from '@foretop/proto';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type FakeConnection, startFakeCollector, type FakeCollector, welcomeFor } from '../test/fake-collector.ts';
import { bootId, byHandle, connection, networkInterface, process, tick } from '../test/synthetic-ticks.ts';
import { temporaryDirectory } from '../test/temporary-directory.ts';
import { runAgent } from './agent.ts';
import type { HostCollector } from './collect/collector.ts';
import { parseRunConfig } from './config/run-config.ts';
import { parseEnrolmentToken } from './wire/enrolment.ts';
import { formatStatus, readStatus } from './wire/status.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** One connection that receives 1,000 bytes a look. */
function host(state: { rxBytes: number }): HostCollector {
  const clock = { boottimeUs: () => Math.round(performance.now() * 1_000) + 9e9, wallUs: () => 4e15 };
  const interfaces = [networkInterface('eth0', { rxRate: 10 })];
  let previousUs: number | undefined;
  return {
    ...{ clock, bootId, machineId: new Uint8Array(32), tier: 2, scope: 'machine' },
    facts: () => ({ name: 'ghost' }),
    sources: () => [{ name: 'ebpf', available: false, reason: 'not in this version', remedy: '' }],
    tick() {
      const nowUs = clock.boottimeUs();
      state.rxBytes += 1_000;
      const open = connection({ handle: 1, startedUs: 8e9, rxBytes: state.rxBytes, comm: 'ghostd' });
      const look = tick(nowUs, {
        previousUs: previousUs ?? nowUs,
        interfaces,
        connections: byHandle(open),
        processes: new Map([[100, process(100)]]),
      });
      previousUs = nowUs;
      return look;
    },
    glance: () => undefined,
    bandwidth: () => ({ boottimeUs: clock.boottimeUs(), rxRate: 10, txRate: 20, loopbackRate: 30 }),
    inspect: () => undefined,
    relieve: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
}

function start(fake: FakeCollector, data: string, state: { rxBytes: number }, options: { ceilingFile?: string } = {}) {
  const stop = new AbortController();
  const config = parseRunConfig(
    { collector: fake.url, data, ...options },
    { variables: {}, configFile: undefined, stateHome: undefined, home: undefined },
    true,
  );
  const token = parseEnrolmentToken(fake.token);
  const done = runAgent({
    config,
    token,
    log: pino({ level: 'silent' }),
    signal: stop.signal,
    openHost: () => host(state),
    lock: () => true,
  });
  return { stop: () => (stop.abort(), done), done };
}

async function setUp() {
  const fake = await startFakeCollector();
  cleanups.push(() => fake[Symbol.asyncDispose]());
  const temporary = temporaryDirectory();
  cleanups.push(() => temporary[Symbol.dispose]());
  return { fake, data: temporary.path };
}

const until = (check: () => unknown) =>
  vi.waitFor(() => expect(check()).toBeTruthy(), { timeout: 8_000, interval: 10 });
const segments = (fake: FakeCollector) => fake.bodies().flatMap((body) => body.segments ?? []);
const lives = (fake: FakeCollector) => fake.frames.flatMap(({ live }): LiveFrame[] => (live ? [live] : []));

describe('agent', () => {
  it('stopped at once still delivers what it saw, says goodbye, and goes on from there', async () => {
    const { fake, data } = await setUp();
    const state = { rxBytes: 5_000 };
    const first = start(fake, data, state);
    await until(() => fake.frames.some(({ pulse }) => pulse));
    expect(await first.stop()).toBeUndefined();
    expect(fake.frames.at(-1)!.goodbye?.reason).toBe('stopping');
    expect(segments(fake)).toMatchObject([{ rxBytes: state.rxBytes, closed: false }]);
    const status = readStatus(join(data, 'status.json'));
    expect(status).toMatchObject({
      hostId: 7,
      tier: 2,
      hostName: 'ghost',
      connection: { state: 'stopped' },
      spool: { batches: 0 },
    });
    expect(formatStatus(status, Date.now())).toMatch(
      /Tier {10}2 of 4, netlink.*\n {2}ebpf {8}no {6}not in this version\n/s,
    );
    expect(JSON.parse(readFileSync(join(data, 'status.json'), 'utf8')).lastAcknowledgedAt).not.toBeNull();

    const second = start(fake, data, state);
    await until(() => fake.frames.filter(({ hello }) => hello).length === 2);
    await second.stop();
    expect(segments(fake).reduce((sum, { rxBytes }) => sum + (rxBytes ?? 0), 0)).toBe(state.rxBytes);
    expect(fake.bodies().flatMap(({ gaps }) => gaps!.map(({ reason }) => reason))).toEqual(['agent-stopped']);
  }, 15_000);

  it('sends what its last look saw as soon as it is welcome', async () => {
    const { fake, data } = await setUp();
    let welcomedUs = Infinity;
    const welcome = (connection: FakeConnection, hello: Hello) => {
      welcomedUs = performance.now() * 1_000 + 9e9; // by the clock of the host that does not exist
      connection.send(welcomeFor(hello, fake.cursors));
    };
    fake.setOptions({ onHello: (connection, hello) => void setTimeout(welcome, 100, connection, hello) });
    const agent = start(fake, data, { rxBytes: 0 });
    await until(() => fake.frames.some(({ pulse }) => pulse));
    expect(fake.frames.find(({ pulse }) => pulse)!.pulse!.boottimeUs).toBeLessThan(welcomedUs);
    await agent.stop();
  }, 15_000);

  it('tells what its owner allows with Hello, and again when the file was edited', async () => {
    const { fake, data } = await setUp();
    const ceilingFile = join(data, 'ceiling.json');
    const edit = (text: string) => writeFileSync(ceilingFile, text, { mode: 0o600 });
    edit('{"allow":"observe"}');
    const agent = start(fake, data, { rxBytes: 0 }, { ceilingFile });
    await until(() => fake.frames.some(({ pulse }) => pulse));
    expect(fake.frames.find(({ hello }) => hello)!.hello!.policy!.allowed).toEqual(['observe']);
    edit('{"allow":"observe","labels":["env=prod"]}');
    const told = () => fake.frames.flatMap(({ policy }) => (policy ? [policy.labels] : []));
    await vi.waitFor(() => expect(told().at(-1)).toEqual(['env=prod']), { timeout: 15_000, interval: 50 });
    const times = told().length;
    await new Promise((done) => setTimeout(done, 6_000));
    expect(told()).toHaveLength(times);
    await agent.stop();
  }, 30_000);

  it('sends live frames only under a lease, bandwidth ten times a second', async () => {
    const { fake, data } = await setUp();
    const agent = start(fake, data, { rxBytes: 0 });
    await until(() => fake.frames.filter(({ pulse }) => pulse).length >= 2);
    expect(lives(fake)).toEqual([]);
    const sections = [LiveSection.LIVE_SECTION_BANDWIDTH, LiveSection.LIVE_SECTION_CONNECTIONS];
    fake.connections[0]!.send({ watch: { sections, rateHz: 10, ttlMs: 1_500 } });
    await until(() => lives(fake).length > 0);
    expect(lives(fake)[0]).toMatchObject({ keyFrame: true, hasConnections: true, opened: [{ comm: 'ghostd' }] });
    await new Promise((done) => setTimeout(done, 2_200));
    const frames = lives(fake);
    const bandwidth = frames.filter((frame) => frame.bandwidth);
    expect(bandwidth.length).toBeGreaterThan(10);
    expect(bandwidth.length).toBeLessThan(18);
    expect(frames.map(({ sequence }) => sequence)).toEqual(frames.map((_, i) => i + 1));
    expect(frames.some((frame) => frame.updates?.handle?.length === 1)).toBe(true);
    const pulses = fake.frames.filter(({ pulse }) => pulse).length;
    expect(pulses).toBeGreaterThan(3);
    await agent.stop();
    expect(lives(fake)).toHaveLength(frames.length);
  }, 15_000);

  it('ends with the reason when the collector refuses it', async () => {
    const { fake, data } = await setUp();
    fake.setOptions({ onHello: (opened) => opened.close('revoked') });
    expect(await start(fake, data, { rxBytes: 0 }).done).toBe('revoked');
    expect(readStatus(join(data, 'status.json')).connection).toEqual({ state: 'refused', close: 'revoked' });
  });
});
