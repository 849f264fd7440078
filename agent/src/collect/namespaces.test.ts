// Network namespaces of this very kernel: connections inside are found once, with their process, and nothing is kept alive.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Direction } from '@foretop/proto';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLinuxClock } from '../host/clock.linux.ts';
import { type Libc, openLibc } from '../host/linux/libc.ts';
import { openNamespaceDoor, readNamespaceInode } from '../host/linux/network-namespace.ts';
import { NetworkNamespaces } from '../host/namespaces.linux.ts';
import { ProcessTable } from '../host/processes.linux.ts';
import { readScope } from '../host/scope.linux.ts';
import { openHostCollector } from './collector.ts';
import { ForeignNamespaces } from './foreign-namespaces.ts';
import { OpenConnections } from './open-connections.ts';
import type { Tick, TrackedConnection } from './tick.ts';

const log = pino({ level: 'silent' });
const missing = process.getuid?.() !== 0 || !existsSync('/usr/bin/unshare') || readScope() !== 'machine';

const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71; // asm-generic/socket.h, since Linux 5.14

/** Brings loopback up, talks to itself on the port given, says in which namespace, holds the connection, and closes it when told. */
const talker = `
import fcntl, socket, struct, sys
s = socket.socket()
request = struct.pack('16sH14s', b'lo', 1, b'')
fcntl.ioctl(s, 0x8914, request)
listener = socket.socket(); listener.bind(('127.0.0.1', int(sys.argv[1]))); listener.listen()
client = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
peer, _ = listener.accept()
client.sendall(b'x' * 1000); peer.recv(1000, socket.MSG_WAITALL)
print(int.from_bytes(s.getsockopt(1, 71, 8), 'little'), flush=True)
sys.stdin.readline()
client.close(); peer.close()
print('closed', flush=True)
sys.stdin.readline()
`;

let children: ChildProcess[];
beforeEach(() => {
  children = [];
});
afterEach(async () => {
  for (const child of children) await stop(child);
});

/** `namespace`: the number that the kernel never gives to another one. */
async function talk(port: number): Promise<{ child: ChildProcess; namespace: bigint; tell(): Promise<void> }> {
  const child = spawn('unshare', ['--net', 'python3', '-c', talker, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface(child.stdout!);
  const [namespace] = await once(lines, 'line');
  return {
    child,
    namespace: BigInt(namespace),
    async tell() {
      child.stdin!.write('\n');
      await once(lines, 'line');
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const at = (connections: Iterable<TrackedConnection>, port: number) =>
  [...connections].filter((c) => !c.remainder && (c.localPort === port || c.remotePort === port));

describe.skipIf(missing)('other network namespaces', () => {
  it('are seen with each connection once, its direction and its process', async () => {
    // The same addresses and ports in two namespaces are four sockets.
    const [one, two] = [await talk(18_701), await talk(18_701)];
    using collector = openHostCollector({ log });
    const { connections, failures } = collector.tick();
    const found = at(connections.values(), 18_701);
    expect(failures).toEqual([]);
    for (const { child } of [one, two]) {
      const own = found.filter((c) => c.pid === child.pid);
      expect(own.map((c) => c.direction).toSorted()).toEqual([
        Direction.DIRECTION_INBOUND,
        Direction.DIRECTION_OUTBOUND,
        Direction.DIRECTION_LISTEN,
      ]);
      expect(own.find((c) => c.direction === Direction.DIRECTION_OUTBOUND)).toMatchObject({
        txBytes: 1000,
        comm: 'python3',
      });
    }
    expect(found).toHaveLength(6);
    expect(new Set(found.map((c) => c.cookie)).size).toBe(6);
    expect(collector.sources().find((source) => source.name === 'namespaces')).toMatchObject({ available: true });
  });

  it('are noticed when they come, told of to the last byte, and left when they are deserted', async () => {
    using collector = openHostCollector({ log });
    collector.tick();
    const { child, namespace, tell } = await talk(18_702);
    expect(ownSockets(namespace)).toBe(0);
    const seen: Tick[] = [collector.tick()];
    expect(at(seen[0]!.opened, 18_702)).toHaveLength(3);
    expect(ownSockets(namespace)).toBeGreaterThan(0);
    expect(at(seen[0]!.opened, 18_702).every((c) => !c.startedBefore)).toBe(true);
    await tell();
    const closed = () =>
      at(
        seen.flatMap((tick) => tick.closed),
        18_702,
      );
    // What is open changes between ticks too; what has closed is told by the next one. With a flood beside it the end may be found
    // by a reading only, and those are seconds apart then.
    for (let i = 0; i < 120 && closed().length < 2; i++) {
      await sleep(50);
      seen.push(collector.tick());
    }
    expect(
      closed()
        .map((c) => [c.rxBytes, c.txBytes])
        .toSorted(),
    ).toEqual([
      [0, 1000],
      [1000, 0],
    ]);
    await stop(child);
    const after = Array.from({ length: 6 }, () => collector.tick());
    expect(at(after.at(-1)!.connections.values(), 18_702)).toEqual([]);
    expect(
      at(
        after.flatMap((tick) => tick.closed),
        18_702,
      ).map((c) => c.direction),
    ).toEqual([Direction.DIRECTION_LISTEN]);
    expect(ownSockets(namespace)).toBe(0);
  });

  it('are bounded, and what is left out is counted', async () => {
    await talk(18_703);
    await talk(18_704);
    using door = openNamespaceDoor();
    using table = new ProcessTable();
    const namespaces = new NetworkNamespaces({ own: door.own });
    const all = new OpenConnections();
    using foreign = new ForeignNamespaces({ namespaces, door, all, startedUs: () => 0, maximum: 1 });
    namespaces.look(table.look());
    const changes = { opened: [], closed: [], failures: [] };
    const nowUs = createLinuxClock().boottimeUs();
    foreign.follow(nowUs, nowUs, changes);
    expect(foreign.watched).toBe(1);
    // Others' may end between the look at the processes and this one.
    expect(foreign.leftOut).toBe(namespaces.others.size - foreign.watched - foreign.refused.count);
    expect(foreign.leftOut).toBeGreaterThan(0);
  });

  it.each([
    ['since the look before', 6e6, false],
    ['before it', 4e6, true],
  ])('that began %s, which was long ago, are older than the agent: %s', async (_when, startedUs, isOlder) => {
    using door = openNamespaceDoor();
    using table = new ProcessTable();
    const namespaces = new NetworkNamespaces({ own: door.own });
    const all = new OpenConnections();
    using foreign = new ForeignNamespaces({ namespaces, door, all, startedUs: () => startedUs });
    const changes = { opened: [], closed: [], failures: [] };
    foreign.follow(5e6, 5e6, changes);
    await talk(18_708);
    namespaces.look(table.look());
    foreign.follow(20e6, 5e6, changes);
    const found = at(all.byHandle.values(), 18_708);
    expect(found).toHaveLength(3);
    expect(found.map(({ startedBefore }) => startedBefore)).toEqual([isOlder, isOlder, isOlder]);
  });

  it('take turns when they cost too much', async () => {
    await talk(18_706);
    await talk(18_707);
    using door = openNamespaceDoor();
    using table = new ProcessTable();
    const namespaces = new NetworkNamespaces({ own: door.own });
    const all = new OpenConnections();
    let nowMs = 0;
    // Each reading of the clock finds it 10 ms on: one look fits.
    const now = () => (nowMs += 10);
    using foreign = new ForeignNamespaces({ namespaces, door, all, startedUs: () => 0, budgetMs: 15, now });
    namespaces.look(table.look());
    const changes = { opened: [], closed: [], failures: [] };
    foreign.follow(0, 0, changes);
    expect(all.byHandle.size).toBeGreaterThanOrEqual(6);
    const turns = foreign.watched;
    for (let second = 1; second <= 2 * turns; second++) foreign.look(second * 1e6, changes);
    const seen = at(all.byHandle.values(), 18_706)
      .concat(at(all.byHandle.values(), 18_707))
      .map((c) => c.lastSeenUs);
    expect(new Set(seen).size).toBe(2);
    expect(Math.min(...seen)).toBeGreaterThan(turns * 1e6);
    expect(foreign.longestUs).toBe(turns * 1e6);
  });
});

describe.skipIf(missing)('the door', () => {
  it('opens in the namespace asked for, and stays home', async () => {
    const { child } = await talk(18_705);
    using door = openNamespaceDoor();
    const path = `/proc/${child.pid}/ns/net`;
    const inode = readNamespaceInode(path);
    expect(inode).not.toBe(door.own);
    expect(door.within(path, inode, () => readNamespaceInode('/proc/thread-self/ns/net'))).toBe(inode);
    expect(() =>
      door.within(path, inode, () => {
        throw new Error('within');
      }),
    ).toThrow('within');
    expect(readNamespaceInode('/proc/thread-self/ns/net')).toBe(door.own);
    expect(() => door.within(path, inode + 1, () => 0)).toThrow(/leads to \d+ by now/);
    expect(() => door.within('/proc/none/ns/net', inode, () => 0)).toThrow(/failed with ENOENT/);
  });

  it('is fatal when it does not open from inside', () => {
    const answers = [0, -1];
    const libc = { setns: () => answers.shift()!, errnoName: () => 'EPERM' } as unknown as Libc;
    const fatal = (message: string): never => {
      throw new Error(`fatal: ${message}`);
    };
    using door = openNamespaceDoor({ libc, fatal });
    expect(() => door.within('/proc/self/ns/net', door.own, () => 0)).toThrow(/^fatal: .* failed with EPERM$/);
  });

  it('says why it cannot be entered', () => {
    const libc = { setns: () => -1, errnoName: () => 'EPERM' } as unknown as Libc;
    using door = openNamespaceDoor({ libc });
    expect(() => door.within('/proc/self/ns/net', door.own, () => 0)).toThrow(
      expect.objectContaining({ code: 'system-call', errno: 'EPERM' }),
    );
  });
});

/** Sockets of this process in that namespace: they keep it alive, whoever else has left. */
function ownSockets(namespace: bigint): number {
  const libc = openLibc();
  const cookie = new BigUint64Array(1);
  return readdirSync('/proc/self/fd').filter((fd) => {
    const bytes = new Uint8Array(cookie.buffer);
    const answer = libc.getsockopt(Number(fd), SOL_SOCKET, SO_NETNS_COOKIE, bytes, new Uint32Array([bytes.length]));
    return answer === 0 && cookie[0] === namespace;
  }).length;
}
