// Polls in a row, into connections that open, change, end and leave remainders.
import { Direction } from '@foretop/proto';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../host/portable/address.ts';
import type { SocketRow } from '../host/portable/readings.ts';
import { flowOf, PortableConnections } from './portable-connections.ts';

const row = (over: Partial<SocketRow> = {}): SocketRow => ({
  ...{ protocol: 6, state: 1, localAddress: parseAddress('192.0.2.1')!, localPort: 50_000, pid: 7, instance: '' },
  ...{ remoteAddress: parseAddress('198.51.100.1')!, remotePort: 443 },
  ...over,
});
const listener = (over: Partial<SocketRow> = {}) =>
  row({ state: 10, localPort: 443, remoteAddress: new Uint8Array(0), remotePort: 0, ...over });

function start(first: SocketRow[] = [], countBytes = false) {
  const table = new PortableConnections();
  let atUs = 10e6;
  const look = (rows: SocketRow[]) => {
    const previousUs = atUs;
    atUs += 2e6;
    return table.look(rows, { atUs, previousUs, bootUnixUs: 1e15 }, countBytes);
  };
  const opened = table.look(first, { atUs, previousUs: atUs, bootUnixUs: 1e15 }, countBytes).opened;
  return { table, look, opened };
}

describe('PortableConnections', () => {
  it('opens what is new, keeps what stays, closes what is gone', () => {
    const { table, look, opened } = start([row()]);
    expect(opened).toMatchObject([{ handle: 1, startedBefore: true, startedUs: 10e6, pid: 0, ownerPid: 7 }]);
    expect(opened[0]!.rxBytes).toBeUndefined();
    const second = look([row({ state: 8 }), row({ localPort: 50_001 })]);
    expect(second.opened).toMatchObject([{ handle: 2, startedBefore: false, startedUs: 12e6 }]);
    expect(second.closed).toEqual([]);
    expect(table.open.get(1)).toMatchObject({ state: 8, lastSeenUs: 12e6 });
    expect(look([row({ localPort: 50_001 })]).closed).toMatchObject([{ handle: 1, closedUs: 14e6 }]);
    expect([...table.open.keys()]).toEqual([2]);
  });

  it('tells directions by listeners of the same poll', () => {
    const any = parseAddress('0.0.0.0')!;
    const { opened } = start([
      row({ localPort: 443, remotePort: 50_000 }),
      row({ localPort: 50_002 }),
      row({ localPort: 8443, remotePort: 50_000 }),
      listener({ localAddress: any }),
      listener({ localPort: 8443, localAddress: parseAddress('127.0.0.1')! }),
    ]);
    const { DIRECTION_INBOUND, DIRECTION_OUTBOUND, DIRECTION_LISTEN } = Direction;
    expect(opened.map((connection) => connection.direction)).toEqual([
      ...[DIRECTION_INBOUND, DIRECTION_OUTBOUND, DIRECTION_OUTBOUND, DIRECTION_LISTEN, DIRECTION_LISTEN],
    ]);
  });

  it('ends a connection in TIME_WAIT and shows its remainder, without counting it as another', () => {
    const { look } = start([row()]);
    const ending = look([row({ state: 6, pid: 0 })]);
    expect(ending.closed).toMatchObject([{ handle: 1, ownerPid: 7 }]);
    expect(ending.opened).toMatchObject([{ handle: 2, remainder: true, state: 6, ownerPid: 7 }]);
    expect(ending.opened[0]!.cookie).not.toBe(ending.closed[0]!.cookie);
    expect(look([]).closed).toMatchObject([{ handle: 2, remainder: true }]);
  });

  it('shows a TIME_WAIT whose connection nobody saw as a connection', () => {
    const { look } = start([]);
    expect(look([row({ state: 6, pid: 0 })]).opened[0]!.remainder).toBeUndefined();
  });

  it('takes the same ends with another instance for another connection', () => {
    const { look } = start([row({ instance: 'a' })]);
    const changes = look([row({ instance: 'b' })]);
    expect([changes.opened.length, changes.closed.length]).toEqual([1, 1]);
    expect(changes.opened[0]!.cookie).not.toBe(changes.closed[0]!.cookie);
  });

  it('gives the same cookie to what an earlier agent saw, and another to the same ends used again', () => {
    const { opened } = start([row(), listener()]);
    const again = start([row(), listener()]);
    expect(again.opened.map(({ cookie }) => cookie)).toEqual(opened.map(({ cookie }) => cookie));
    again.look([listener()]);
    expect(again.look([row(), listener()]).opened[0]!.cookie).not.toBe(opened[0]!.cookie);
    expect(opened.every(({ cookie }) => Number.isSafeInteger(cookie) && cookie > 0)).toBe(true);
  });

  it('keeps listeners of several processes on one port apart, and the same socket of several processes together', () => {
    expect(start([listener({ pid: 1 }), listener({ pid: 2 })]).opened).toHaveLength(2);
    expect(start([row({ pid: 1 }), row({ pid: 2 })]).opened).toHaveLength(1);
  });

  it('believes the system about a start only between the polls', () => {
    const { look } = start([]);
    const at = (startedUnixUs: number, localPort: number) => row({ startedUnixUs, localPort });
    const { opened } = look([at(1e15 + 11e6, 1), at(1e15 + 5e6, 2), at(2e15, 3)]);
    expect(opened.map(({ startedUs }) => startedUs)).toEqual([11e6, 10e6, 12e6]);
  });

  it('shows an unknown state as established with a peer, as closed without', () => {
    const { opened } = start([row({ state: 0 }), listener({ state: 0 })]);
    expect(opened.map(({ state }) => state)).toEqual([1, 7]);
  });

  it('counts bytes of the rows only when told to; totals never fall', () => {
    const bytes = (rxBytes: number, txBytes: number) => row({ rxBytes, txBytes });
    expect(start([bytes(1, 2)]).opened[0]!.rxBytes).toBeUndefined();
    const { table, look } = start([bytes(1000, 10)], true);
    look([bytes(5000, 20)]);
    expect(table.open.get(1)).toMatchObject({ rxBytes: 5000, txBytes: 20, rxRate: 2000, txRate: 5 });
    look([bytes(400, 30)]);
    expect(table.open.get(1)).toMatchObject({ rxBytes: 5000, txBytes: 30, rxRate: 0 });
    expect([...table.counted(new Map([[1, { rxBytes: 4900, txBytes: 30 }]]))]).toEqual([
      { pid: 7, rxBytes: 100, txBytes: 0 },
    ]);
  });

  it('counts bytes of flows by their ends', () => {
    const { table } = start([row(), listener()]);
    const flow = { pid: 7, flow: 'x', rxBytes: 70, txBytes: 80, rttUs: 900 };
    table.count(new Map([[flowOf(row()), flow]]), 0);
    table.count(new Map([[flowOf(row()), { ...flow, rxBytes: 170 }]]), 1e6);
    expect(table.open.get(1)).toMatchObject({ rxBytes: 170, txBytes: 80, rxRate: 100, txRate: 0, rttUs: 900 });
    expect(table.open.get(2)!.rxBytes).toBeUndefined();
  });
});
