// The agent's side of the wire through a real worker: nothing is lost on the way, and what dies comes back.
import { readFileSync } from 'node:fs';
import { limits } from '@foretop/proto';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { FakeCollector } from '../../test/fake-collector.ts';
import { recordedBatch } from '../../test/recorded-batches.ts';
import { agent, collector, home, until, type WireAgentOptions } from '../../test/wire-agent.ts';
import type { PrivilegeSplit } from '../config/settings.ts';
import { unconfined } from './confinement.ts';
import { type Network, openNetwork } from './network.ts';

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const patienceMs = 15_000;
if (!isLinux) console.warn('the network through a worker: not tested, it is for Linux only');

function network(split: PrivilegeSplit, dataDirectory: string, mayAct = () => true): Promise<Network> {
  return openNetwork({ split, dataDirectory, environment: {}, mayAct, log: pino({ level: 'silent' }) });
}

async function connected(fake: FakeCollector, options: WireAgentOptions = {}) {
  const directory = home();
  const split = await network('on', directory);
  const own = await agent(fake, { directory, openSocket: split.open, ...options });
  await until(() => own.connector.lanes(), patienceMs);
  return { ...own, network: split, worker: () => split.state().worker! };
}

describe('the setting', () => {
  it('auto is for an agent with rights on a host that allows more than looking', async () => {
    expect((await network('auto', home(), () => false)).state().split).toBe(false);
    expect((await network('auto', home())).state().split).toBe(isLinux && isRoot);
    expect((await network('off', home())).state()).toEqual({
      split: false,
      why: 'the configuration says so',
      worker: null,
    });
  });
});

describe.skipIf(!isLinux)('through a worker', { timeout: 60_000 }, () => {
  it.skipIf(!isRoot)(
    'goes a connection that was made before the host allowed more (needs root, for rights)',
    async () => {
      const fake = await collector();
      const directory = home();
      let allowsMore = false;
      const split = await network('auto', directory, () => allowsMore);
      const { connector } = await agent(fake, { directory, openSocket: split.open });
      await until(() => connector.lanes(), patienceMs);
      split.review();
      expect(split.state().worker).toBeNull();
      allowsMore = true;
      split.review();
      await until(() => split.state().worker !== null && connector.lanes(), patienceMs);
      expect(fake.connections).toHaveLength(2);
    },
  );

  it('the collector is greeted, and batches arrive whole and in order', async () => {
    const fake = await collector();
    const { connector, spool, network: split, worker } = await connected(fake);
    expect(connector.state()).toEqual({ state: 'connected' });
    for (let number = 1; number <= 40; number++) spool.append(recordedBatch(number, number * 2_000), 0);
    connector.lanes()!.pump();
    await until(() => spool.counters().batches === 0, patienceMs);
    expect(fake.batches.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(unconfined(worker().pid)).toBeUndefined();
    expect(worker()).toMatchObject({ seesData: false, user: isRoot ? 65_534 : process.getuid!() });
    expect(split.use()).toMatchObject({ memoryBytes: expect.any(Number) });
    expect(split.use().cpuUs).toBeGreaterThan(10_000);
  });

  it('a worker that is killed is followed by another, and nothing is lost', async () => {
    const fake = await collector({ acknowledges: () => false });
    const { connector, spool, worker } = await connected(fake);
    const first = worker().pid;
    for (const number of [1, 2, 3]) spool.append(recordedBatch(number), 0);
    connector.lanes()!.pump();
    await until(() => fake.batches.length === 3, patienceMs);
    fake.setOptions({});
    process.kill(first, 'SIGKILL');
    await until(() => spool.counters().batches === 0, patienceMs);
    expect(worker().pid).not.toBe(first);
  });

  it('stopping waits for what is on its way, and ends the worker', async () => {
    const fake = await collector();
    const { connector, stop, worker } = await connected(fake);
    const { pid } = worker();
    connector.lanes()!.goodbye('stopping');
    expect(await stop()).toBeUndefined();
    expect(fake.frames.at(-1)!.goodbye?.reason).toBe('stopping');
    await until(() => stateOf(pid) === undefined || stateOf(pid) === 'Z', patienceMs);
  });

  it('HTTP answers, text and messages that are too long mean the same as without one', async () => {
    let refusals = 0;
    const fake = await collector({
      refuseUpgrade: () => (refusals++ === 0 ? { status: 503, headers: { 'Retry-After': '1' } } : undefined),
    });
    const { connector, logs } = await connected(fake);
    expect(logs.join()).toContain('HTTP 503');
    fake.connections[0]!.raw('text');
    await until(() => fake.connections.length === 2 && connector.lanes(), patienceMs);
    expect(logs.join()).toContain('a text message');
    fake.connections[1]!.raw(new Uint8Array(limits.frameBytes + 1));
    await until(() => fake.connections.length === 3 && connector.lanes(), patienceMs);
    expect(logs.join()).toContain('Max payload size exceeded');
  });

  it('pings are answered, and silence is noticed', async () => {
    const times = { pingMs: 20, silenceMs: 200 };
    const lively = await collector();
    const first = await connected(lively, { times });
    await new Promise((done) => setTimeout(done, 600));
    expect(lively.connections).toHaveLength(1);
    await first.stop();
    const silent = await collector({ silent: true });
    const { logs } = await connected(silent, { times });
    await until(() => logs.join().includes('no sign of life'), patienceMs);
  });

  it('a collector that does not read fills no memory: live frames are left out', async () => {
    const fake = await collector();
    const { connector, worker } = await connected(fake);
    process.kill(worker().pid, 'SIGSTOP');
    const lanes = connector.lanes()!;
    let sent = 0;
    while (lanes.canTakeLive() && sent < 100_000) {
      lanes.live({ opened: [{ comm: 'x'.repeat(5_000) }] });
      sent++;
    }
    expect(sent * 5_000).toBeLessThan(4 << 20);
    process.kill(worker().pid, 'SIGCONT');
    await until(() => lanes.canTakeLive(), patienceMs);
    await until(() => fake.frames.filter(({ live }) => live).length === sent, patienceMs);
  });
});

/** The letter of proc(5), undefined once it is gone. */
function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2];
  } catch {
    return undefined;
  }
}
