// The portable collector: for real on this machine, and over what macOS and Windows would answer.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Direction } from '@foretop/proto';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { fixtureText } from '../../test/fixture-text.ts';
import { darwinReaders } from '../host/darwin/readers.ts';
import { HostError } from '../host/host-error.ts';
import { windowsReaders } from '../host/windows/readers.ts';
import { type HostCollector, openHostCollector } from './collector.ts';
import { openPortableCollector } from './portable-collector.ts';
import type { Tick } from './tick.ts';

const log = pino({ level: 'silent' });
let collector: HostCollector | undefined;
const ends: (() => void)[] = [];
afterEach(() => {
  collector?.[Symbol.dispose]();
  for (const close of ends.splice(0)) close();
});

async function ticksUntil(done: (tick: Tick) => boolean, timeoutMs: number): Promise<Tick> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const tick = collector!.tick();
    if (done(tick) || performance.now() > untilMs) return tick;
    await sleep(50);
  }
}

const missing = (file: string) =>
  Promise.reject(
    new HostError('command-missing', `Running "${file}" failed: it is not installed`, { retryable: false }),
  );

describe.runIf(process.platform === 'linux')('on this machine', { timeout: 30_000 }, () => {
  it('finds a real connection with owner and direction, and its end', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      ends.push(() => socket.destroy());
    });
    server.listen(0, '127.0.0.1');
    ends.push(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const client = connect(port, '127.0.0.1');
    ends.push(() => client.destroy());
    await once(client, 'connect');
    collector = openHostCollector({ log, tier: 'portable', name: 'forced' });
    expect(collector).toMatchObject({ tier: 4 });
    const first = collector.tick();
    expect(first.connections.size).toBe(0);
    expect(first.failures).toMatchObject([{ source: 'sockets' }, { source: 'interfaces' }]);
    const side = (tick: Tick, key: 'localPort' | 'remotePort') =>
      [...tick.connections.values()].find((found) => found[key] === port && found.remotePort !== 0);
    const tick = await ticksUntil((each) => side(each, 'remotePort')?.pid === process.pid, 12_000);
    expect(side(tick, 'remotePort')).toMatchObject({
      ...{ state: 1, direction: Direction.DIRECTION_OUTBOUND, pid: process.pid, startedBefore: true },
      localPort: client.localPort,
    });
    expect(side(tick, 'localPort')).toMatchObject({ direction: Direction.DIRECTION_INBOUND, pid: process.pid });
    expect(side(tick, 'remotePort')!.rxBytes).toBeUndefined();
    expect(tick.processes.get(process.pid)!.identity.parentPid).toBe(process.ppid);
    expect(tick.interfaces.find(({ loopback }) => loopback)).toMatchObject({ counted: false });
    expect(tick.failures).toEqual([]);
    expect(tick.host.cpuPermille).toBeLessThanOrEqual(1000);
    const { handle } = side(tick, 'remotePort')!;
    client.resetAndDestroy();
    const after = await ticksUntil((each) => each.closed.some((closed) => closed.handle === handle), 8_000);
    expect(after.closed.map((closed) => closed.handle)).toContain(handle);
  });

  it('is the same machine as on the better tier, and says what it misses', async () => {
    using better = openHostCollector({ log });
    collector = openHostCollector({ log, tier: 'portable' });
    expect(collector.machineId).toEqual(better.machineId);
    expect(collector.bootId).toHaveLength(16);
    expect(Math.abs(collector.clock.boottimeUs() - better.clock.boottimeUs())).toBeLessThan(1_500_000);
    expect(collector.sources().every(({ available }) => !available)).toBe(true);
    await ticksUntil(() => collector!.sources().filter(({ available }) => available).length >= 5, 12_000);
    const sources = new Map(collector.sources().map((source) => [source.name, source]));
    expect(sources.get('sockets')!.reason).toMatch(/^read every [\d.]+ s: what lives shorter goes unseen/);
    expect(sources.get('bytes')).toMatchObject({ available: false });
  });
});

describe('over macOS', () => {
  const answers: Record<string, string> = {
    '-anlWv': fixtureText('macos-14/netstat-anlWv.txt'),
    '-ibdnW': fixtureText('macos-14/netstat-ibdnW.txt'),
    pfPntT: fixtureText('macos-14/lsof.txt'),
    '-x': fixtureText('macos-14/nettop.csv'),
    'pid=,command=': fixtureText('macos-14/ps-commands.txt'),
  };
  const readNow = (file: string) =>
    file.endsWith('ioreg')
      ? fixtureText('macos-14/ioreg.txt')
      : fixtureText(file.endsWith('sw_vers') ? 'macos-14/sw_vers.txt' : 'macos-14/bootsessionuuid.txt');
  const answer = (args: readonly string[]) => answers[args.at(-1)!] ?? fixtureText('macos-14/ps.txt');

  it('joins netstat, nettop and ps', async () => {
    const readers = darwinReaders((_, args) => Promise.resolve(answer(args)), readNow);
    collector = openPortableCollector(
      { log },
      { ...readers, memory: { ...readers.memory, read: () => missing('vm_stat') } },
    );
    const tick = await ticksUntil(({ connections }) => connections.size > 0, 5_000);
    // With their bytes from the first: what moved before is not taken for what moves now.
    expect(tick.opened.some(({ rxBytes }) => rxBytes === 121_046)).toBe(true);
    const browser = [...tick.connections.values()].find(({ localPort }) => localPort === 52_100);
    expect(browser).toMatchObject({
      ...{
        pid: 501,
        comm: 'com.apple.WebKit.Networking',
        uid: 501,
        rxBytes: 121_046,
        txBytes: 3_959_109,
        rttUs: 108_530,
      },
    });
    // nettop counts, so netstat's own columns stay out.
    expect([...tick.connections.values()].find(({ localPort }) => localPort === 52_103)!.rxBytes).toBeUndefined();
    expect(tick.processes.get(501)).toMatchObject({ connections: 4, memoryBytes: 204_800 * 1024 });
    expect(tick.failures).toMatchObject([{ source: 'host', message: expect.stringContaining('vm_stat') }]);
    expect(collector.facts()).toMatchObject({ os: 'macOS 14.6.1', clockTicks: 100 });
    expect(Buffer.from(collector.bootId).toString('hex')).toBe('6e1a1b2c111142228333' + '9abcdef01234');
  });

  it('counts by netstat where nettop is missing, and reads lsof where netstat is refused', async () => {
    let refuse = false;
    const run = (_: string, args: readonly string[]) => {
      if (args.includes('/usr/bin/nettop') || (refuse && args.at(-1) === '-anlWv')) return missing(args[1]!);
      return Promise.resolve(answer(args));
    };
    const readers = darwinReaders(run, readNow);
    const quick = { ...readers, sockets: { ...readers.sockets, everyMs: 100 } };
    collector = openPortableCollector({ log }, quick);
    const has = (tick: Tick, port: number) =>
      [...tick.connections.values()].find(({ localPort }) => localPort === port);
    const counted = await ticksUntil((tick) => has(tick, 52_103)?.rxBytes !== undefined, 5_000);
    expect(has(counted, 52_103)).toMatchObject({ rxBytes: 900, txBytes: 700 });
    refuse = true;
    const other = await ticksUntil((tick) => has(tick, 5210) !== undefined, 5_000);
    expect(has(other, 52_101)).toBeUndefined();
    expect(collector.sources().find(({ name }) => name === 'sockets')!.reason).toMatch(
      /not installed; lsof is read instead/,
    );
    expect(collector.sources().find(({ name }) => name === 'bytes')).toMatchObject({ available: false });
  });
});

describe('over Windows', () => {
  const shellOf = (refused: boolean) => ({
    query(script: string): Promise<string> {
      if (script.includes('Get-NetTCPConnection'))
        return refused
          ? missing('Get-NetTCPConnection')
          : Promise.resolve(fixtureText('windows-11/net-connections.json'));
      const name = script.includes('Win32_Process') ? 'cim-processes' : 'net-adapters';
      return Promise.resolve(fixtureText(`windows-11/${name}.json`));
    },
    [Symbol.dispose]() {},
  });
  const open = (refused: boolean) => {
    const run = () => Promise.resolve(fixtureText('windows-11/netstat-ano-de.txt'));
    collector = openPortableCollector(
      { log },
      windowsReaders(shellOf(refused), run, () => fixtureText('windows-11/reg-machine-guid.txt')),
    );
    return ticksUntil((tick) => tick.connections.size > 0 && tick.interfaces.length > 0, 5_000);
  };

  it('joins connections, processes and adapters; bytes stay unknown', async () => {
    const tick = await open(false);
    const client = [...tick.connections.values()].find(({ localPort }) => localPort === 50_123);
    expect(client).toMatchObject({ pid: 7788, comm: 'mysql.exe', state: 1, uid: 0xffff_ffff });
    expect(client!.rxBytes).toBeUndefined();
    expect(tick.interfaces[0]).toMatchObject({ name: 'Ethernet', counted: true, mtu: 1500 });
    expect(tick.host.memoryTotalBytes >= 0).toBe(true);
    expect(collector!.sources().find(({ name }) => name === 'bytes')).toMatchObject({
      available: false,
      reason: expect.stringContaining('Windows tells no bytes'),
    });
  });

  it('falls back to netstat where PowerShell is refused, and says so', async () => {
    const tick = await open(true);
    expect(tick.connections.size).toBe(7);
    const sockets = collector!.sources().find(({ name }) => name === 'sockets')!;
    expect(sockets.reason).toMatch(/netstat is read instead/);
    expect(sockets.remedy).toMatch(/allow PowerShell/);
  });
});
