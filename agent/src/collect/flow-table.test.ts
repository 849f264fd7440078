// Flows of a made-up engine joined with made-up dumps: exact counters, each connection once, whoever tells of it first.
import { Direction, OwnerRule } from '@foretop/proto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvents, FlowReading, KernelEngine, SocketOwner } from '../host/engine.ts';
import { dumpKinds, type SocketDump } from '../host/linux/sock-diag.ts';
import { createSocketMessage, type SocketMessage } from '../host/linux/sock-message.ts';
import { ConnectionTable } from './connection-table.ts';
import { FlowTable } from './flow-table.ts';
import { OpenConnections } from './open-connections.ts';

const SECOND = 1_000_000;
const LOCAL = Uint8Array.of(10, 0, 0, 1);
const REMOTE = Uint8Array.of(10, 0, 0, 2);
const owner: SocketOwner = { pid: 7, comm: 'curl', uid: 1000, rule: OwnerRule.OWNER_RULE_CONNECT };

/** Stands in for the kernel: what a test puts into `flows` is read until it is taken out or moved to `ended`. */
class MadeUpEngine implements Pick<KernelEngine, 'readFlows' | 'cookies' | 'forget'> {
  flows = new Map<string, FlowReading>();
  forgotten: number[] = [];
  readFlows(visit: (flow: FlowReading) => void): void {
    for (const flow of this.flows.values()) visit(flow);
  }
  cookies(visit: (cookie: number) => void): void {
    for (const { cookie } of this.flows.values()) visit(cookie);
  }
  forget(cookie: number): void {
    this.forgotten.push(cookie);
    for (const [key, flow] of this.flows) if (flow.cookie === cookie) this.flows.delete(key);
  }
}

let engine: MadeUpEngine;
let sockets: SocketMessage[];
let all: OpenConnections;
let table: ConnectionTable;
let flows: FlowTable;
let nowUs: number;

const dump: SocketDump = {
  each(kind, visit) {
    const { protocol, family } = dumpKinds[kind]!;
    for (const socket of sockets) if (socket.protocol === protocol && socket.family === family) visit(socket);
  },
  [Symbol.dispose]() {},
};

beforeEach(() => {
  engine = new MadeUpEngine();
  sockets = [];
  all = new OpenConnections();
  table = new ConnectionTable(all);
  flows = new FlowTable(all, () => true);
  nowUs = 100 * SECOND;
});

function flow(cookie: number, more: Partial<FlowReading> = {}): FlowReading {
  const counts = { rxBytes: 0, txBytes: 0, rxPackets: 1, txPackets: 1, rxIpBytes: 60, txIpBytes: 60 };
  return {
    ...{ cookie, protocol: 6, localPort: 5000, remotePort: 443, role: 'active', firstUs: nowUs, lastUs: nowUs },
    ...counts,
    ...{ rttUs: 50, retransmissions: 0 },
    localAddress: () => LOCAL,
    remoteAddress: () => REMOTE,
    owner: () => owner,
    ...more,
  };
}
const udp = (cookie: number, remotePort: number, more: Partial<FlowReading> = {}) =>
  flow(cookie, { protocol: 17, remotePort, rttUs: undefined, retransmissions: undefined, ...more });
const put = (entry: FlowReading) => engine.flows.set(`${entry.cookie} ${entry.remotePort}`, entry);

function socket(cookie: number, more: Partial<SocketMessage> = {}): SocketMessage {
  const address = (bytes: Uint8Array) => new Uint32Array([new Uint32Array(bytes.slice().buffer)[0]!, 0, 0, 0]);
  const ends = { localPort: 5000, remotePort: 443, local: address(LOCAL), remote: address(REMOTE) };
  const info = { infoBytes: 280, infoState: 1, bytesAcked: 1, rttUs: 30 };
  return {
    ...createSocketMessage(),
    ...{ cookie, family: 2, protocol: 6, state: 1, inode: cookie, ...ends, ...info, ...more },
  };
}

/** One look; with a dump where `dumped`. */
function look(dumped: boolean) {
  const previousUs = nowUs;
  nowUs += SECOND;
  const changes = dumped ? table.look(dump, undefined, nowUs, previousUs) : { opened: [], closed: [] };
  flows.read(engine as unknown as KernelEngine, nowUs, previousUs);
  if (dumped) flows.sweep(engine as unknown as KernelEngine, nowUs);
  const told = flows.take(nowUs);
  return { opened: [...changes.opened, ...told.opened], closed: [...changes.closed, ...told.closed] };
}
const end = (entry: FlowReading) => {
  engine.flows.delete(`${entry.cookie} ${entry.remotePort}`);
  flows.ended(entry, nowUs);
};

describe('a connection that the engine saw begin', () => {
  it('opens once, with its process, and counts by the engine alone', () => {
    look(true);
    put(flow(1, { firstUs: nowUs + 1, rxBytes: 100, txBytes: 10 }));
    const [record] = look(false).opened;
    expect(record).toMatchObject({ pid: 7, comm: 'curl', ownerRule: OwnerRule.OWNER_RULE_CONNECT, rxBytes: 100 });
    expect(record).toMatchObject({ direction: Direction.DIRECTION_OUTBOUND, startedBefore: false, rxRate: 100 });
    sockets = [socket(1, { bytesReceived: 101, state: 8, inode: 77 })];
    put(flow(1, { rxBytes: 100, txBytes: 30 }));
    const next = look(true);
    expect([next.opened, next.closed]).toEqual([[], []]);
    expect(record).toMatchObject({ rxBytes: 100, txBytes: 30, state: 8, inode: 77, txRate: 20 });
    expect(all.byHandle.size).toBe(1);
  });

  it('closes with its last counters, at once, and is not taken up again', () => {
    look(true);
    put(flow(1));
    look(false);
    end(flow(1, { rxBytes: 5_000, txBytes: 77, lastUs: nowUs + 1_000 }));
    const { closed } = look(false);
    expect(closed).toMatchObject([{ cookie: 1, rxBytes: 5_000, txBytes: 77, rxPackets: 1 }]);
    expect(all.byHandle.size + all.byCookie.size).toBe(0);
    put(flow(1));
    expect(look(false).opened).toEqual([]);
    sockets = [socket(1, { state: 6, infoBytes: 0 })];
    expect(look(true).opened).toMatchObject([{ state: 6, remainder: true, pid: 7 }]);
  });

  it('is told of when it began and ended between two looks, with the time it lasted', () => {
    look(true);
    const startUs = nowUs + 1_000;
    nowUs += SECOND / 5;
    end(flow(1, { firstUs: startUs, lastUs: startUs + 500, rxBytes: 9 }));
    const { opened, closed } = look(false);
    expect(opened).toEqual(closed);
    expect(closed).toMatchObject([{ startedUs: startUs, closedUs: startUs + 500, rxBytes: 9, pid: 7 }]);
  });

  it('has no rate any more when nothing comes', () => {
    look(true);
    put(flow(1, { rxBytes: 100 }));
    const [record] = look(false).opened;
    expect(record!.rxRate).toBe(100);
    engine.flows.clear();
    look(false);
    expect(record).toMatchObject({ rxRate: 0, txRate: 0, rxBytes: 100 });
  });

  it('is given up when no dump shows it, and the engine is told to forget it', () => {
    look(true);
    put(flow(1));
    look(false);
    for (let turn = 0; turn < 4; turn++) look(true);
    expect(engine.forgotten).toContain(1);
    expect(all.byHandle.size).toBe(0);
  });
});

it('keeps the name of a process that /proc found before the engine told whose it is', () => {
  put(flow(1, { owner: () => undefined }));
  const [record] = look(true).opened;
  Object.assign(record!, { pid: 7, pidStartTicks: 900, comm: 'node', ownerRule: OwnerRule.OWNER_RULE_HOLDER });
  end(flow(1, { owner: () => ({ ...owner, comm: 'node-MainThread' }) }));
  const [closed] = look(false).closed;
  expect(closed).toMatchObject({ pid: 7, pidStartTicks: 900, comm: 'node', ownerRule: OwnerRule.OWNER_RULE_CONNECT });
});

describe('a connection that is older than the engine', () => {
  it('goes on from what the dump showed, however the two readings fell', () => {
    sockets = [socket(1, { bytesReceived: 1_000 })];
    put(flow(1, { role: 'unknown', rxBytes: 40, owner: () => undefined }));
    const [record] = look(true).opened;
    expect(record).toMatchObject({ startedBefore: true, rxBytes: 1_000 });
    put(flow(1, { role: 'unknown', rxBytes: 90 }));
    look(false);
    expect(record!.rxBytes).toBe(1_050);
    // The base had been taken too low: a dump at rest shows it.
    sockets = [socket(1, { bytesReceived: 1_100 })];
    look(true);
    expect(record!.rxBytes).toBe(1_100);
    end(flow(1, { role: 'unknown', rxBytes: 95 }));
    expect(look(false).closed).toMatchObject([{ rxBytes: 1_105 }]);
  });

  it('that was idle counts from its first packet', () => {
    sockets = [socket(1, { bytesReceived: 1_000 })];
    const [record] = look(true).opened;
    put(flow(1, { role: 'unknown', rxBytes: 25 }));
    look(false);
    expect(record).toMatchObject({ rxBytes: 1_025, rxUncredited: 25 });
  });
});

describe('UDP', () => {
  it('has a row for each peer of a socket beside the socket’s own', () => {
    sockets = [socket(3, { protocol: 17, state: 7, remotePort: 0, infoBytes: 0 })];
    look(true);
    put(udp(3, 53, { txBytes: 30, rxBytes: 60 }));
    put(udp(3, 54, { txBytes: 31, rxBytes: 61 }));
    const { opened } = look(false);
    expect(opened.map(({ remotePort, txBytes, state }) => [remotePort, txBytes, state])).toEqual([
      [53, 30, 1],
      [54, 31, 1],
    ]);
    expect(all.byHandle.size).toBe(3);
    end(udp(3, 53, { txBytes: 33, rxBytes: 60 }));
    expect(look(false).closed).toMatchObject([{ remotePort: 53, txBytes: 33 }]);
    expect(all.byHandle.size).toBe(2);
  });

  it('of a connected socket is one row, which outlives the flow’s silence', () => {
    look(true);
    put(udp(3, 53, { txBytes: 30, lastUs: nowUs }));
    const [record] = look(false).opened;
    sockets = [socket(3, { protocol: 17, state: 1, remotePort: 53, infoBytes: 0 })];
    expect(look(true).opened).toEqual([]);
    nowUs += 60 * SECOND;
    end(udp(3, 53, { txBytes: 30, lastUs: nowUs - 60 * SECOND }));
    expect(look(true).closed).toEqual([]);
    put(udp(3, 53, { txBytes: 12, lastUs: nowUs }));
    look(false);
    expect(record!.txBytes).toBe(42);
    expect(all.byHandle.size).toBe(1);
  });
});

it('counts IP bytes of its own namespace from the first look on', () => {
  put(flow(1, { rxIpBytes: 1_000, txIpBytes: 0 }));
  look(false);
  expect(flows.socketBytes).toBe(0);
  put(flow(1, { rxIpBytes: 1_500, txIpBytes: 40 }));
  look(false);
  end(flow(1, { rxIpBytes: 1_600, txIpBytes: 40 }));
  expect(flows.socketBytes).toBe(640);
});

it('bounds what ends between two looks, and counts the rest', () => {
  const events: EngineEvents = { closed: (entry) => flows.ended(entry, nowUs), payload: () => {} };
  for (let cookie = 1; cookie <= 20_010; cookie++) events.closed(flow(cookie));
  expect(look(false).closed).toHaveLength(20_000);
  expect(flows.lost).toBe(10);
});
