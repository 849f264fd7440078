// The table over made-up dumps: what opens, what closes, what a look must not mistake for either.
import { Direction } from '@foretop/proto';
import { beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '../host/host-error.ts';
import { dumpKinds, type SocketDump, type SocketEvents } from '../host/linux/sock-diag.ts';
import { createSocketMessage, type SocketMessage } from '../host/linux/sock-message.ts';
import { ConnectionTable } from './connection-table.ts';
import { OpenConnections } from './open-connections.ts';

const SECOND = 1_000_000;

let sockets: SocketMessage[];
let destroyed: SocketMessage[];
let failing: Set<number>;
let all: OpenConnections;
let table: ConnectionTable;
let nowUs: number;

const dump: SocketDump = {
  each(kind, visit) {
    if (failing.has(kind)) throw new HostError('netlink-refused', 'made up', { retryable: true });
    const { protocol, family } = dumpKinds[kind]!;
    for (const socket of sockets) if (socket.protocol === protocol && socket.family === family) visit(socket);
  },
  [Symbol.dispose]() {},
};

const events: SocketEvents = {
  drain(_max, visit) {
    const all = destroyed.splice(0);
    for (const socket of all) visit(socket);
    return { messages: all.length, overflows: 0 };
  },
  [Symbol.dispose]() {},
};

beforeEach(() => {
  sockets = [];
  destroyed = [];
  failing = new Set();
  all = new OpenConnections();
  table = new ConnectionTable(all);
  nowUs = 100 * SECOND;
});

const v4 = (text: string) =>
  new Uint32Array([new Uint32Array(new Uint8Array(text.split('.').map(Number)).buffer)[0]!, 0, 0, 0]);

function tcp(cookie: number, localPort: number, remotePort: number, more: Partial<SocketMessage> = {}): SocketMessage {
  const info = { infoBytes: 280, infoState: more.state ?? 1, bytesAcked: 1, rttUs: 30 };
  const local = v4('10.0.0.1');
  const remote = v4(remotePort ? '10.0.0.2' : '0.0.0.0');
  return {
    ...createSocketMessage(),
    cookie,
    family: 2,
    protocol: 6,
    state: 1,
    localPort,
    remotePort,
    local,
    remote,
    inode: cookie + 1000,
    ...info,
    ...more,
  };
}
const udp = (cookie: number, localPort: number, remotePort: number, more: Partial<SocketMessage> = {}) =>
  tcp(cookie, localPort, remotePort, { protocol: 17, state: remotePort ? 1 : 7, infoBytes: 0, rttUs: 0, ...more });
const listener = (cookie: number, port: number, address = '0.0.0.0') =>
  tcp(cookie, port, 0, { state: 10, local: v4(address), bytesAcked: 0 });
const timeWait = (cookie: number, localPort: number, remotePort: number) =>
  tcp(cookie, localPort, remotePort, { state: 6, infoBytes: 0, inode: 0, uid: 0 });

function look(withEvents = true) {
  const previousUs = nowUs;
  nowUs += SECOND;
  return table.look(dump, withEvents ? events : undefined, nowUs, previousUs);
}
const cookies = (records: { cookie: number }[]) => records.map(({ cookie }) => cookie);

describe('opening and closing', () => {
  it('gives what it finds first as older than itself, and what comes later as new', () => {
    sockets = [tcp(1, 5000, 443, { bytesReceived: 700 })];
    expect(look().opened[0]).toMatchObject({
      startedBefore: true,
      rxBytes: 700,
      rxRate: undefined,
      remoteAddress: new Uint8Array([10, 0, 0, 2]),
    });
    sockets.push(tcp(2, 5001, 443, { bytesReceived: 100 }));
    const { opened } = look();
    expect(cookies(opened)).toEqual([2]);
    expect(opened[0]).toMatchObject({ startedBefore: false, startedUs: nowUs, rxBytes: 100, rxRate: 100, rttUs: 30 });
  });

  it('keeps the same object and counts rates', () => {
    sockets = [tcp(1, 5000, 443)];
    const [record] = look().opened;
    sockets = [tcp(1, 5000, 443, { bytesAcked: 4001, bytesSent: 4000, bytesReceived: 50, dataSegsOut: 3 })];
    look();
    expect(all.byHandle.get(record!.handle)).toBe(record);
    expect(record).toMatchObject({ txBytes: 4000, txRate: 4000, rxRate: 50, txPackets: 3 });
  });

  it('closes at the second miss when nobody tells it', () => {
    sockets = [tcp(1, 5000, 443, { bytesReceived: 9 })];
    look();
    sockets = [];
    expect(look().closed).toEqual([]);
    expect(all.byHandle.size).toBe(1);
    const { closed } = look();
    expect(closed[0]).toMatchObject({ cookie: 1, rxBytes: 9, closedUs: nowUs });
    expect(all.byHandle.size).toBe(0);
  });

  it('does not close what one dump missed', () => {
    sockets = [tcp(1, 5000, 443)];
    look();
    const [socket] = sockets.splice(0);
    look();
    sockets = [socket!];
    const { opened, closed } = look();
    expect([opened, closed]).toEqual([[], []]);
  });

  it('takes the exact end from the event, once', () => {
    sockets = [tcp(1, 5000, 443, { bytesReceived: 9 })];
    look();
    sockets = [];
    const end = tcp(1, 5000, 443, { state: 7, bytesAcked: 1002, bytesSent: 1000, bytesReceived: 501 });
    destroyed = [end];
    expect(look().closed[0]).toMatchObject({ rxBytes: 500, txBytes: 1000, txRate: 1000 });
    destroyed = [end];
    const { opened, closed } = look();
    expect([opened, closed]).toEqual([[], []]);
  });

  it('keeps the last counters of a socket that its process reset', () => {
    sockets = [tcp(1, 5000, 443, { bytesReceived: 9, bytesAcked: 8, bytesSent: 7 })];
    look();
    sockets = [];
    destroyed = [tcp(1, 0, 0, { state: 7, bytesAcked: 0 })];
    expect(look().closed[0]).toMatchObject({ rxBytes: 9, txBytes: 7 });
  });

  it('shows a connection that lived between two looks as opened and closed', () => {
    look();
    destroyed = [
      tcp(5, 5000, 443, { state: 7, bytesAcked: 12, bytesSent: 10, bytesReceived: 21 }),
      tcp(6, 6000, 0, { state: 7 }),
    ];
    const { opened, closed } = look();
    expect(cookies(opened)).toEqual([5]);
    expect(closed).toEqual(opened);
    expect(closed[0]).toMatchObject({ rxBytes: 20, txBytes: 10, startedUs: nowUs - SECOND, closedUs: nowUs, pid: 0 });
    expect(all.byHandle.size).toBe(0);
  });

  it('takes a socket with another peer for another connection', () => {
    sockets = [udp(1, 5000, 53)];
    look();
    sockets = [udp(1, 5000, 54)];
    const { opened, closed } = look();
    expect([closed[0]!.remotePort, opened[0]!.remotePort]).toEqual([53, 54]);
    expect(opened[0]!.handle).not.toBe(closed[0]!.handle);
  });
});

describe('TIME_WAIT', () => {
  it('is a remainder of the connection that ended', () => {
    sockets = [tcp(1, 5000, 443)];
    const [origin] = look().opened;
    Object.assign(origin!, { pid: 77, pidStartTicks: 5, comm: 'curl' });
    sockets = [timeWait(2, 5000, 443)];
    destroyed = [tcp(1, 5000, 443, { state: 7, bytesAcked: 2, bytesReceived: 40 })];
    const { opened, closed } = look();
    expect(closed[0]).toMatchObject({ cookie: 1, rxBytes: 40 });
    expect(opened[0]).toMatchObject({
      cookie: 2,
      state: 6,
      remainder: true,
      pid: 77,
      comm: 'curl',
      rxBytes: undefined,
    });
  });

  it('waits a look for the event that explains it', () => {
    look();
    sockets = [timeWait(2, 5000, 443)];
    expect(look().opened).toEqual([]);
    destroyed = [tcp(1, 5000, 443, { state: 7, bytesAcked: 2 })];
    const { opened } = look();
    expect(opened.map(({ cookie, remainder }) => [cookie, remainder])).toEqual([
      [1, undefined],
      [2, true],
    ]);
  });

  it('does not hide the end of a short connection whose cookie it bears', () => {
    look();
    destroyed = [tcp(1, 5000, 443, { state: 7, bytesAcked: 12, bytesSent: 10 })];
    sockets = [timeWait(1, 5000, 443)];
    const { closed } = look();
    expect(closed[0]).toMatchObject({ cookie: 1, txBytes: 10, remainder: undefined });
    expect(look().opened[0]).toMatchObject({ cookie: 1, state: 6, remainder: true });
  });

  it('is a connection by itself when nothing is known of it', () => {
    sockets = [timeWait(1, 5000, 443)];
    expect(look().opened[0]).toMatchObject({
      cookie: 1,
      remainder: undefined,
      startedBefore: true,
      rxBytes: undefined,
    });
    sockets.push(timeWait(2, 5001, 443));
    look();
    expect(look().opened[0]).toMatchObject({ cookie: 2, remainder: undefined });
  });

  it('proves the end where there are no events', () => {
    sockets = [tcp(1, 5000, 443, { bytesReceived: 9 })];
    look(false);
    sockets = [timeWait(2, 5000, 443)];
    const { opened, closed } = look(false);
    expect([cookies(opened), cookies(closed)]).toEqual([[2], [1]]);
  });
});

describe('direction', () => {
  const cases: [what: string, SocketMessage[], Direction][] = [
    ['a listener', [listener(9, 80)], Direction.DIRECTION_LISTEN],
    [
      'the side that sent the SYN',
      [tcp(9, 80, 5000, { bytesAcked: 1 }), listener(1, 80)],
      Direction.DIRECTION_OUTBOUND,
    ],
    ['the side that answered it', [tcp(9, 5000, 80, { bytesAcked: 0 })], Direction.DIRECTION_INBOUND],
    [
      'undecided counters, a listener on every address',
      [tcp(9, 80, 5000, { bytesAcked: 5, bytesSent: 9, unacked: 1 }), listener(1, 80)],
      Direction.DIRECTION_INBOUND,
    ],
    [
      'undecided counters, a listener on another address',
      [tcp(9, 80, 5000, { bytesAcked: 5, bytesSent: 9, unacked: 1 }), listener(1, 80, '10.9.9.9')],
      Direction.DIRECTION_OUTBOUND,
    ],
    ['UDP from a served port', [udp(9, 53, 5000), udp(1, 53, 0)], Direction.DIRECTION_INBOUND],
    ['UDP from any port', [udp(9, 5000, 53), udp(1, 53, 0)], Direction.DIRECTION_OUTBOUND],
    ['unconnected UDP', [udp(9, 5000, 0)], Direction.DIRECTION_LISTEN],
  ];
  it.each(cases)('%s', (_what, given, expected) => {
    sockets = given;
    look();
    expect([...all.byHandle.values()].find(({ cookie }) => cookie === 9)!.direction).toBe(expected);
  });
});

it('names the listener that must have accepted a connection too short for a dump', () => {
  sockets = [listener(1, 80, '10.0.0.1'), listener(2, 80), listener(3, 81)];
  look();
  const end = { state: 7, bytesAcked: 0 };
  destroyed = [tcp(5, 80, 6000, end), tcp(6, 81, 6000, end), tcp(7, 82, 6000, end)];
  const { closed } = look();
  expect(closed.map((record) => [record.cookie, record.acceptedBy?.cookie])).toEqual([
    [5, 1],
    [6, 3],
    [7, undefined],
  ]);
});

describe('failure', () => {
  it('keeps what a failed dump would have told, and reads the rest', () => {
    sockets = [tcp(1, 5000, 443), udp(2, 5000, 0)];
    look();
    failing.add(0);
    sockets = [];
    for (let i = 0; i < 3; i++)
      expect(look().failures).toEqual([{ source: 'sock_diag', message: 'TCP over IPv4: made up' }]);
    expect([...all.byHandle.values()].map(({ cookie }) => cookie)).toEqual([1]);
  });

  it('takes what it first sees after a failed first look for older than itself', () => {
    failing.add(0);
    look();
    failing.clear();
    sockets = [tcp(1, 5000, 443)];
    expect(look().opened[0]!.startedBefore).toBe(true);
  });
});

it('unmaps IPv4 in IPv6 addresses', () => {
  const mapped = new Uint32Array(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 1, 2, 3]).buffer);
  const plain = new Uint32Array(new Uint8Array([0x20, 1, 13, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).buffer);
  sockets = [tcp(1, 80, 5000, { family: 10, local: mapped, remote: plain })];
  const [record] = look().opened;
  expect(record!.localAddress).toEqual(new Uint8Array([10, 1, 2, 3]));
  expect(record!.remoteAddress).toHaveLength(16);
});
