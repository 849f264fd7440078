// The whole collector on this very kernel: sockets that the test opens itself, whose bytes, states and owners are known.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { Direction } from '@foretop/proto';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HostCollector, openHostCollector } from './collector.ts';
import type { TrackedConnection } from './tick.ts';

const log = pino({ level: 'silent' });
const here = import.meta.url;

let collector: HostCollector;
let server: Server;
let port: number;
let accepted: Socket[];
let received: number;
const children: ChildProcess[] = [];
let choice: 'auto' | 'netlink' = 'auto';

const works = (...names: string[]) =>
  names.some((name) => collector.sources().some((source) => source.name === name && source.available));
/** Whether a connection is told of that ends between two looks. */
const tellsEnds = () => works('destroy_events', 'ebpf_closes');

beforeEach(async () => {
  accepted = [];
  received = 0;
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on('data', (data) => (received += data.length));
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as { port: number }).port;
  collector = openHostCollector({ log, engine: choice });
});

afterEach(() => {
  for (const socket of accepted) socket.destroy();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  server.close();
  collector[Symbol.dispose]();
});

async function open(): Promise<{ client: Socket; peer: Socket }> {
  const known = accepted.length;
  const client = connect(port, '127.0.0.1');
  client.on('error', () => {});
  await once(client, 'connect');
  while (accepted.length === known) await sleep(1);
  return { client, peer: accepted[known]! };
}

async function exchange(client: Socket, peer: Socket, up: number, down: number): Promise<void> {
  const before = received;
  let got = 0;
  client.on('data', (data) => (got += data.length));
  client.write(Buffer.alloc(up));
  peer.write(Buffer.alloc(down));
  while (received - before < up || got < down) await sleep(1);
  // Acknowledgements of the last segments may be delayed by up to 200 ms.
  await sleep(220);
}

/** The kernel tells of ended sockets from a work queue: soon, but not at once. */
async function untilClosed(): Promise<{ opened: TrackedConnection[]; closed: TrackedConnection[] }> {
  const seen = { opened: [] as TrackedConnection[], closed: [] as TrackedConnection[] };
  for (let i = 0; i < 20 && !(side(seen.closed, 'client') && side(seen.closed, 'server')); i++) {
    await sleep(100);
    const tick = collector.tick();
    seen.opened.push(...tick.opened);
    seen.closed.push(...tick.closed);
  }
  return seen;
}

/** Until the collector has taken what the kernel told of processes that began or ended: nothing waits for this process any more. */
async function untilHeard(): Promise<void> {
  const NETLINK_CONNECTOR = '11';
  const inodeOf = (fd: string) => statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false })?.ino;
  const own = readdirSync('/proc/self/fd').map(inodeOf);
  // Columns: address, kind, port, groups, bytes that wait, …, inode.
  const waits = (line: string) => {
    const columns = line.trim().split(/\s+/);
    return columns[1] === NETLINK_CONNECTOR && own.includes(Number(columns.at(-1))) && columns[4] !== '0';
  };
  while (readFileSync('/proc/net/netlink', 'latin1').split('\n').some(waits)) await sleep(5);
}

const ours = (connections: Iterable<TrackedConnection>) =>
  [...connections].filter((c) => c.localPort === port || c.remotePort === port);
const side = (connections: Iterable<TrackedConnection>, which: 'client' | 'server') =>
  ours(connections).find(
    (c) => c.remotePort !== 0 && !c.remainder && (which === 'client' ? c.remotePort === port : c.localPort === port),
  )!;

describe.runIf(process.platform === 'linux').each(['auto', 'netlink'] as const)(
  'the collector, engine %s',
  (engine) => {
    beforeAll(() => void (choice = engine));
    it('finds the listener and both ends of a connection, with owner, direction and exact payload', async () => {
      const { client, peer } = await open();
      await exchange(client, peer, 1_234_567, 7_654_321);
      const { connections } = collector.tick();
      const listener = ours(connections.values()).find((c) => c.remotePort === 0);
      expect(listener).toMatchObject({
        state: 10,
        direction: Direction.DIRECTION_LISTEN,
        pid: process.pid,
        remoteAddress: new Uint8Array(0),
      });
      expect(side(connections.values(), 'client')).toMatchObject({
        protocol: 6,
        state: 1,
        direction: Direction.DIRECTION_OUTBOUND,
        pid: process.pid,
        rxBytes: 7_654_321,
        txBytes: 1_234_567,
        localAddress: new Uint8Array([127, 0, 0, 1]),
        startedBefore: true,
        uid: process.getuid!(),
      });
      expect(side(connections.values(), 'server')).toMatchObject({
        direction: Direction.DIRECTION_INBOUND,
        pid: process.pid,
        rxBytes: 1_234_567,
        txBytes: 7_654_321,
      });
      expect(side(connections.values(), 'client').rttUs).toBeGreaterThan(0);
      client.destroy();
    });

    it('follows payload, states and the end of a connection byte by byte', async () => {
      collector.tick();
      const { client, peer } = await open();
      const first = collector.tick();
      const { handle } = side(first.opened, 'client');
      expect(side(first.opened, 'client')).toMatchObject({ rxBytes: 0, txBytes: 0, startedBefore: false });
      await exchange(client, peer, 1000, 70_000);
      expect(collector.tick().connections.get(handle)).toMatchObject({ rxBytes: 70_000, txBytes: 1000 });
      peer.end();
      await sleep(20);
      await exchange(client, peer, 0, 0);
      client.destroy();
      await sleep(50);
      const last = [...collector.tick().closed, ...collector.tick().closed, ...collector.tick().closed];
      expect(side(last, 'client')).toMatchObject({ handle, rxBytes: 70_000, txBytes: 1000 });
      expect(side(last, 'server')).toMatchObject({ rxBytes: 1000, txBytes: 70_000 });
    });

    it('counts a half-closed connection exactly while it lasts', async () => {
      const { client, peer } = await open();
      peer.removeAllListeners('end');
      (peer as Socket & { allowHalfOpen: boolean }).allowHalfOpen = true;
      await exchange(client, peer, 10, 20);
      client.end(Buffer.alloc(5));
      await sleep(60);
      const { connections } = collector.tick();
      expect(side(connections.values(), 'client')).toMatchObject({ state: 5, rxBytes: 20, txBytes: 15 });
      expect(side(connections.values(), 'server')).toMatchObject({ state: 8, rxBytes: 15, txBytes: 20 });
    });

    it('sees a connection that lives between two looks, with exact payload', async ({ skip }) => {
      if (!tellsEnds()) skip('nobody tells of ends here');
      collector.tick();
      const { client, peer } = await open();
      await exchange(client, peer, 333, 4444);
      client.destroy();
      await once(peer, 'close');
      const { opened, closed } = await untilClosed();
      expect(side(closed, 'client')).toMatchObject({ rxBytes: 4444, txBytes: 333, startedBefore: false });
      // Its own socket was never seen with an inode; who listens there is known.
      expect(side(closed, 'server')).toMatchObject({ rxBytes: 333, txBytes: 4444, pid: process.pid });
      expect(opened).toContain(side(closed, 'client'));
      const remainders = ours(opened).filter((c) => c.state === 6);
      expect(remainders.every((c) => c.remainder)).toBe(true);
    });

    it('is at most one byte high for a connection that was half-closed, drained and closed between two looks', async ({
      skip,
    }) => {
      if (!tellsEnds()) skip('nobody tells of ends here');
      collector.tick();
      const { client, peer } = await open();
      await exchange(client, peer, 333, 4444);
      client.end();
      await once(client, 'close');
      const { closed } = await untilClosed();
      expect(side(closed, 'client').txBytes).toBe(333);
      expect([4444, 4445]).toContain(side(closed, 'client').rxBytes);
      expect(side(closed, 'server')).toMatchObject({ rxBytes: 333, txBytes: 4444 });
    });

    it('tells UDP sockets with and without a peer', async () => {
      const served = createSocket('udp4').bind(0, '127.0.0.1');
      await once(served, 'listening');
      const peer = createSocket('udp4');
      peer.connect(served.address().port, '127.0.0.1');
      await once(peer, 'connect');
      const { connections } = collector.tick();
      const of = (localPort: number) =>
        [...connections.values()].find((c) => c.protocol === 17 && c.localPort === localPort);
      expect(of(served.address().port)).toMatchObject({
        state: 7,
        direction: Direction.DIRECTION_LISTEN,
        pid: process.pid,
      });
      expect(of(peer.address().port)).toMatchObject({
        state: 1,
        direction: Direction.DIRECTION_OUTBOUND,
        rxBytes: undefined,
      });
      served.close();
      peer.close();
    });

    it('finds a child process as owner, and the process that started first where several hold a socket', async () => {
      collector.tick();
      const child = spawn(
        process.execPath,
        ['-e', `require('net').connect(${port}, '127.0.0.1').on('error', () => {})`, '--', '--token=s3cret'],
        { stdio: 'ignore' },
      );
      children.push(child);
      const known = accepted.length;
      while (accepted.length === known) await sleep(5);
      const tick = collector.tick();
      expect(side(tick.connections.values(), 'client')).toMatchObject({ pid: child.pid });
      const identity = tick.processes.get(child.pid!)!.identity;
      expect(identity).toMatchObject({ parentPid: process.pid, uid: process.getuid!(), exited: false });
      expect(identity.commandLine).toContain('--token=[redacted]');
      expect(Math.abs(identity.startedUs - tick.boottimeUs)).toBeLessThan(30_000_000);
      expect(tick.processes.get(child.pid!)!.connections).toBe(1);

      // A grandchild inherits the server's end: this process, older, stays its owner.
      const handle = (accepted[known] as unknown as { _handle: { fd: number } })._handle;
      const heir = spawn('sleep', ['20'], { stdio: ['ignore', 'ignore', 'ignore', handle.fd] });
      children.push(heir);
      await sleep(50);
      expect(side(collector.tick().connections.values(), 'server').pid).toBe(process.pid);
      using fresh = openHostCollector({ log, engine });
      expect(side(fresh.tick().connections.values(), 'server').pid).toBe(process.pid);

      child.kill('SIGKILL');
      await once(child, 'exit');
      await sleep(50);
      const after = collector.tick();
      expect(after.exited.find((process) => process.identity.pid === child.pid)?.identity).toMatchObject({
        exited: true,
      });
      expect(after.processes.has(child.pid!)).toBe(false);
    });

    it('credits a process with what its connections carried, short ones apart', async () => {
      collector.tick();
      const { client, peer } = await open();
      collector.tick();
      await exchange(client, peer, 5000, 6000);
      let own = collector.tick().processes.get(process.pid)!;
      // On a busy machine acknowledgements come later, and owners are found a look later.
      for (let looks = 0; looks < 30 && !(own.rxBytes! >= 11_000 && own.txBytes! >= 11_000); looks++) {
        await sleep(100);
        own = collector.tick().processes.get(process.pid)!;
      }
      expect(own.rxBytes).toBeGreaterThanOrEqual(11_000);
      expect(own.txBytes).toBeGreaterThanOrEqual(11_000);
      expect(own.memoryBytes).toBeGreaterThan(10 << 20);
      expect(own.descriptors).toBeGreaterThan(5);
      client.destroy();
    });

    it('knows a process that lives between two looks', async ({ skip }) => {
      if (!collector.sources().find((source) => source.name === 'process_events')?.available) skip('no process events');
      collector.tick();
      const child = spawn('cat', ['--'], { stdio: ['pipe', 'pipe', 'ignore'] });
      children.push(child);
      child.stdin.write('x');
      await once(child.stdout, 'data');
      await untilHeard();
      await sleep(60);
      child.stdin.end();
      await once(child, 'exit');
      await untilHeard();
      const tick = collector.tick();
      const find = (list: typeof tick.exited) => list.filter(({ identity }) => identity.pid === child.pid);
      expect(find(tick.started)).toEqual(find(tick.exited));
      expect(find(tick.exited).map(({ identity }) => identity)).toEqual([
        expect.objectContaining({ comm: 'cat', commandLine: 'cat --', parentPid: process.pid, exited: true }),
      ]);
      const { identity } = find(tick.exited)[0]!;
      expect(identity.executable).toMatch(/\/(?:cat|coreutils)$/);
      expect(identity.exitedUs - identity.startedUs).toBeGreaterThan(50_000);
      expect(identity.exitedUs).toBeLessThanOrEqual(tick.boottimeUs);
      expect(tick.processes.has(child.pid!)).toBe(false);
      expect(find(collector.tick().exited)).toEqual([]);
    });

    it('names the process of a connection when neither lives to the next look', async ({ skip }) => {
      if (!tellsEnds() || !works('process_events')) skip('nobody tells of ends, or of processes');
      collector.tick();
      const script = `import socket, time
s = socket.create_connection(('127.0.0.1', ${port})); s.sendall(b'x' * 100); time.sleep(0.3); s.close()`;
      const child = spawn('python3', ['-c', script], { stdio: 'ignore' });
      await once(child, 'exit');
      const { closed } = await untilClosed();
      expect(side(closed, 'client')).toMatchObject({ pid: child.pid, comm: 'python3', txBytes: 100 });
      expect(side(closed, 'server')).toMatchObject({ pid: process.pid, rxBytes: 100 });
    });

    it('gives host, interfaces and bandwidth', async () => {
      collector.tick();
      collector.bandwidth();
      const { client, peer } = await open();
      await exchange(client, peer, 1_000_000, 0);
      const tick = collector.tick();
      const bandwidth = collector.bandwidth();
      expect(bandwidth.loopbackRate).toBeGreaterThan(100_000);
      expect(tick.host.loopbackRate).toBeGreaterThan(100_000);
      expect(tick.interfaces.find((entry) => entry.name === 'lo')).toMatchObject({ loopback: true, counted: false });
      expect(tick.host.memoryTotalBytes).toBeGreaterThan(tick.host.memoryUsedBytes);
      expect(tick.host.openConnections).toBeGreaterThanOrEqual(2);
      expect(tick.failures).toEqual([]);
      expect(collector.bootId).toHaveLength(16);
      expect(collector.machineId).toHaveLength(32);
      client.destroy();
    });

    it('agrees with ss about what is open', ({ skip }) => {
      let text: string;
      try {
        text = execFileSync('ss', ['-Htan', 'state', 'listening'], { encoding: 'utf8' });
      } catch {
        return skip('ss is not installed');
      }
      const listeners = [...collector.tick().connections.values()].filter((c) => c.protocol === 6 && c.state === 10);
      const ports = text
        .trim()
        .split('\n')
        .map((line) => Number(/:(\d+)\s/.exec(line)?.[1]));
      expect(listeners.map((c) => c.localPort)).toContain(port);
      expect(ports).toContain(port);
    });

    it('works without privileges, says what is missing and what to do', async ({ skip }) => {
      if (process.getuid!() !== 0) skip('needs root to become another user');
      const { client } = await open();
      const script = `
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const { openHostCollector } = await import(${JSON.stringify(new URL('./collector.ts', here).href)});
      const own = (await import('node:net')).connect(${port}, '127.0.0.1');
      await new Promise((done) => own.on('connect', done));
      const collector = openHostCollector({ log: { warn() {}, info() {} } });
      const tick = collector.tick();
      const open = [...tick.connections.values()].filter((c) => c.remotePort === ${port});
      console.log(JSON.stringify({ tier: collector.tier, sources: collector.sources(), failures: tick.failures, pid: process.pid,
        processes: tick.processes.size, pids: open.map((c) => c.pid), local: own.localPort, ports: open.map((c) => c.localPort) }));
      process.exit();`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      let text = '';
      child.stdout!.on('data', (data) => (text += data));
      await once(child, 'close');
      const seen = JSON.parse(text);
      expect(seen).toMatchObject({ tier: 3, failures: [] });
      expect(seen.processes).toBeGreaterThan(1);
      expect(seen.ports).toContain(client.localPort);
      expect(seen.pids[seen.ports.indexOf(seen.local)]).toBe(seen.pid);
      expect(seen.pids[seen.ports.indexOf(client.localPort)]).toBe(0);
      const owners = seen.sources.find((source: { name: string }) => source.name === 'owners');
      expect(owners.reason).toMatch(/only connections of processes of user nobody/);
      expect(owners.remedy).toMatch(/CAP_SYS_PTRACE/);
      client.destroy();
    });
  },
);
