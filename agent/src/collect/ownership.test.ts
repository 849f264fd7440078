// Owners against this kernel's /proc: sockets that change hands, and processes that may not be looked into.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SocketOwners } from '../host/owners.linux.ts';
import { ProcessTable } from '../host/processes.linux.ts';
import { createSocketMessage } from '../host/linux/sock-message.ts';
import { createConnection, type ConnectionRecord } from './connection.ts';
import { Ownership } from './ownership.ts';
import { ProcessTracker } from './process-tracker.ts';

const SECOND = 1_000_000;
const children: ChildProcess[] = [];
const details = {
  executable: '',
  commandLine: '',
  uid: 0,
  user: '',
  cgroup: '',
  unit: '',
  containerRuntime: '',
  containerId: '',
};

let table: ProcessTable;
let owners: SocketOwners;
let tracker: ProcessTracker;
let ownership: Ownership;
let nowUs: number;
let gone: Set<number>;

beforeEach(() => {
  table = new ProcessTable();
  gone = new Set();
  owners = new SocketOwners((inode) => !gone.has(inode));
  tracker = new ProcessTracker({ clockTicks: 100, pageBytes: 4096 }, () => details);
  ownership = new Ownership(owners, tracker);
  nowUs = SECOND;
});
afterEach(() => {
  table[Symbol.dispose]();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function look(records: ConnectionRecord[]): void {
  nowUs += SECOND;
  const changes = table.look();
  for (const record of changes.exited) owners.exited(record);
  for (const record of changes.started) owners.started(record);
  tracker.update(table, changes, nowUs);
  for (const record of records) record.lastSeenUs = nowUs;
  ownership.resolve(records, { closed: [] }, nowUs);
  ownership.credit(records, []);
  tracker.settle(SECOND);
}

function connectionWith(inode: number): ConnectionRecord {
  const message = { ...createSocketMessage(), protocol: 6, family: 2, state: 1, localPort: 1, remotePort: 2, inode };
  return createConnection(message, { handle: 1, kind: 0, startedUs: nowUs, firstKnown: false });
}

/** A process that makes a socket, forks a child that inherits it, and closes its own copy when told. */
const forking = `
import os, socket, sys
a, b = socket.socketpair(socket.AF_UNIX)
inode = os.fstat(a.fileno()).st_ino
alive, held = os.pipe()
child = os.fork()
if child == 0:
    os.close(held)
    os.read(alive, 1)
    os._exit(0)
print(inode, child, flush=True)
sys.stdin.readline()
a.close(); b.close()
print('closed', flush=True)
sys.stdin.readline()
`;

describe.runIf(process.platform === 'linux')('ownership', () => {
  it('moves a socket to the child when the parent lets go', async ({ skip }) => {
    const parent = spawn('python3', ['-c', forking], { stdio: ['pipe', 'pipe', 'ignore'] });
    parent.on('error', () => {});
    children.push(parent);
    if (!parent.pid) return skip('python3 is not installed');
    const lines = createInterface(parent.stdout!);
    const [line] = (await once(lines, 'line')) as [string];
    const [inode, child] = line.split(' ').map(Number);
    const record = connectionWith(inode!);
    look([record]);
    expect(record.pid).toBe(parent.pid);
    parent.stdin!.write('\n');
    await once(lines, 'line');
    look([record]);
    look([record]);
    look([record]);
    expect(record.pid).toBe(child);
    expect(record.comm).toBe('python3');
  });

  it('finds a socket whose descriptor number was another’s, without a change in how many there are', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const one = connectionWith(await inodeOf(first));
    look([one]);
    expect(one.pid).toBe(process.pid);
    first.close();
    await once(first, 'close');
    const second = createServer().listen(0, '127.0.0.1');
    await once(second, 'listening');
    const two = connectionWith(await inodeOf(second));
    gone.add(one.inode);
    ownership.resolve([], { closed: [one] }, nowUs);
    look([two]);
    expect(two.pid).toBe(process.pid);
    second.close();
  });

  it('leaves what nobody holds without owner and gives up searching everywhere', () => {
    const record = connectionWith(999_999_999);
    for (let i = 0; i < 60; i++) {
      nowUs += 10 * SECOND;
      look([record]);
    }
    expect(record).toMatchObject({ pid: 0, searches: 3 });
  });

  it('credits payload once the owner is known, also what came before', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const record = connectionWith(0);
    Object.assign(record, { rxBytes: 70, txBytes: 30, rxUncredited: 70, txUncredited: 30 });
    look([record]);
    expect(tracker.running.get(process.pid)!.rxBytes).toBeUndefined();
    record.inode = await inodeOf(server);
    look([record]);
    expect(tracker.running.get(process.pid)).toMatchObject({ rxBytes: 70, txBytes: 30, rxRate: 70, connections: 1 });
    look([record]);
    expect(tracker.running.get(process.pid)).toMatchObject({ rxBytes: 70, rxRate: 0 });
    server.close();
    await sleep(1);
  });
});

async function inodeOf(server: unknown): Promise<number> {
  const { fstatSync } = await import('node:fs');
  return fstatSync((server as { _handle: { fd: number } })._handle.fd).ino;
}
