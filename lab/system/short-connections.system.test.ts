// Connections too short for any poll: every one is seen, with its process and every byte, by the agent's collector and in the database.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, List } from '@foretop/proto/api';
import { DnsRole } from '@foretop/proto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HostCollector, openHostCollector } from '../../agent/src/collect/collector.ts';
import type { TrackedConnection, TrackedDns } from '../../agent/src/collect/tick.ts';
import { Child } from '../harness/child.ts';
import { eventually } from '../harness/foretop.ts';
import { type Lab, startLab } from '../harness/lab.ts';

const request = 300;
const answer = 700;

const probe = openHostCollector({ log: pino({ level: 'silent' }) });
const ebpf = probe.sources().find(({ name }) => name === 'ebpf');
const hasEngine = ebpf?.available === true;
if (!hasEngine) console.warn(`Skipped lab/system/short-connections: ${ebpf?.reason ?? 'this is not Linux'}.`);
probe[Symbol.dispose]();

interface Load {
  client: number;
  server: number;
  port: number;
}
interface Done {
  made: number;
  sent: number;
  received: number;
}

async function start(
  protocol: 'tcp' | 'udp' | 'dns',
  rate: number,
  seconds: number,
): Promise<{ child: Child; load: Load; done: () => Promise<Done> }> {
  const args = ['--protocol', protocol, '--rate', `${rate}`, '--seconds', `${seconds}`, '--address', '127.0.0.1'];
  if (protocol === 'dns') args.splice(-1, 1, '127.0.0.79');
  const child = new Child(protocol, ['lab/load/short-connections.ts', ...args]);
  const [line] = await child.waitFor(/^\{"ready".*$/m);
  const done = async () => JSON.parse((await child.waitFor(/^\{"done".*$/m))[0]) as Done;
  return { child, load: JSON.parse(line) as Load, done };
}

describe.skipIf(!hasEngine)('the agent’s collector', () => {
  let collector: HostCollector;
  beforeAll(() => {
    collector = openHostCollector({ log: pino({ level: 'silent' }) });
    collector.tick();
  });
  afterAll(() => collector?.[Symbol.dispose]());

  /** All that ends while the load runs, and two seconds more. */
  async function follow(child: Child, done: () => Promise<Done>) {
    const closed: TrackedConnection[] = [];
    const dns: TrackedDns[] = [];
    let lost = 0;
    let over = 0;
    const end = done();
    void end.then(() => (over = performance.now()));
    while (over === 0 || performance.now() - over < 2_000) {
      await sleep(900);
      const tick = collector.tick();
      closed.push(...tick.closed);
      dns.push(...(tick.dns ?? []));
      lost = tick.eventsLost ?? 0;
    }
    await child[Symbol.asyncDispose]();
    return { closed, dns, lost, done: await end };
  }
  const sum = (rows: TrackedConnection[], field: 'rxBytes' | 'txBytes') =>
    rows.reduce((total, row) => total + (row[field] ?? 0), 0);

  test.each([
    ['tcp', 2_000],
    ['udp', 1_000],
  ] as const)('sees every one of 3 s of %s at %i a second, with process and bytes', async (protocol, rate) => {
    const { child, load, done } = await start(protocol, rate, 3);
    const seen = await follow(child, done);
    expect(seen.done).toMatchObject({ made: 3 * rate, sent: 3 * rate * request, received: 3 * rate * answer });
    const clients = seen.closed.filter((c) => c.remotePort === load.port && !c.remainder);
    expect(clients).toHaveLength(3 * rate);
    expect(new Set(clients.map(({ pid, comm }) => `${pid} ${comm}`))).toEqual(new Set([`${load.client} node`]));
    expect([sum(clients, 'txBytes'), sum(clients, 'rxBytes')]).toEqual([seen.done.sent, seen.done.received]);
    expect(clients.every((c) => c.closedUs! >= c.startedUs && c.pidStartTicks > 0)).toBe(true);
    if (protocol === 'tcp') {
      const servers = seen.closed.filter((c) => c.localPort === load.port && c.remotePort !== 0);
      expect(servers).toHaveLength(3 * rate);
      expect(new Set(servers.map(({ pid }) => pid))).toEqual(new Set([load.server]));
      expect([sum(servers, 'rxBytes'), sum(servers, 'txBytes')]).toEqual([seen.done.sent, seen.done.received]);
    }
    expect(seen.lost).toBe(0);
  });

  test('sees every one of 1,000 DNS questions a second, answered, with the process that asked', async () => {
    const { child, load, done } = await start('dns', 1_000, 2);
    const { dns } = await follow(child, done);
    const ours = dns.filter(({ exchange }) => exchange.name.endsWith('.lab.test'));
    const asked = ours.filter(({ exchange }) => exchange.role === DnsRole.DNS_ROLE_CLIENT);
    expect(new Set(asked.map(({ exchange }) => exchange.name)).size).toBe(2_000);
    expect(asked).toHaveLength(2_000);
    expect(asked.every(({ exchange, pid }) => exchange.answered && exchange.addresses.length === 1 && pid > 0)).toBe(
      true,
    );
    expect(new Set(asked.map(({ pid }) => pid))).toEqual(new Set([load.client]));
    const served = ours.filter(({ exchange }) => exchange.role === DnsRole.DNS_ROLE_SERVER);
    expect(new Set(served.map(({ pid }) => pid))).toEqual(new Set([load.server]));
  });
});

describe.skipIf(!hasEngine)('the database', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await startLab('short-connections')));
  afterAll(async () => void (await lab?.[Symbol.asyncDispose]()));

  test.each([
    ['tcp', 500],
    ['udp', 300],
  ] as const)('has every one of 3 s of %s at %i a second, folded, with process and bytes', async (protocol, rate) => {
    const from = new Date().toISOString();
    const { child, load, done } = await start(protocol, rate, 3);
    await using _ = child;
    const { made, sent, received } = await done();
    const read = async () => {
      const query = `from=${from}&to=${new Date().toISOString()}&port=${load.port}&limit=1000`;
      const { items } = await lab.get<List<Connection>>(`/api/v1/connections?${query}`);
      const clients = items.filter((item) => item.pid === load.client && item.remotePort === load.port);
      const total = (of: (item: Connection) => number | null) =>
        clients.reduce((sum, item) => sum + (of(item) ?? 0), 0);
      return [total((c) => c.connectionCount), total((c) => c.txBytes), total((c) => c.rxBytes)];
    };
    await eventually(
      'all of them to be stored',
      async () => ((await read())[0] === made ? true : undefined),
      30_000,
    ).catch(() => undefined);
    expect(await read()).toEqual([made, sent, received]);
  });
});
