// Payload out of counters as real sockets had them (Linux 6.18, loopback: client sent 1,000 bytes, server 70,000).
import { describe, expect, it } from 'vitest';
import {
  type Ending,
  openerOf,
  receivedPayload,
  receivedPayloadAtEnd,
  transmittedPayload,
  type TcpCounters,
} from './tcp-payload.ts';

const counters = (
  infoState: number,
  bytesAcked: number,
  bytesReceived: number,
  bytesSent: number,
  more: Partial<TcpCounters> = {},
): TcpCounters => ({
  infoBytes: 280,
  infoState,
  unacked: 0,
  bytesAcked,
  bytesReceived,
  bytesSent,
  bytesRetrans: 0,
  ...more,
});

const alive: [what: string, TcpCounters, opener: string, rx: number, tx: number][] = [
  ['active, established, idle', counters(1, 1, 0, 0), 'active', 0, 0],
  ['active, all acknowledged', counters(1, 1001, 70_000, 1000), 'active', 70_000, 1000],
  ['passive, nothing sent', counters(1, 0, 1000, 0), 'passive', 1000, 0],
  ['passive, all acknowledged', counters(1, 70_000, 1000, 70_000), 'passive', 1000, 70_000],
  ['passive, in flight', counters(1, 500, 0, 900, { unacked: 1 }), 'unknown', 0, 499],
  ['active, retransmitted', counters(1, 1001, 0, 1400, { bytesRetrans: 400 }), 'active', 0, 1000],
  ['close-wait: FIN received', counters(8, 1001, 70_001, 1000), 'active', 70_000, 1000],
  ['fin-wait-2: FIN acknowledged', counters(5, 1002, 70_000, 1000), 'active', 70_000, 1000],
  ['fin-wait-2, passive', counters(5, 70_001, 1000, 70_000), 'passive', 1000, 70_000],
  ['closing: FIN received', counters(11, 70_000, 1001, 70_000, { unacked: 1 }), 'unknown', 1000, 69_999],
];

describe('while it stands', () => {
  it.each(alive)('%s', (_what, given, opener, rx, tx) => {
    expect(openerOf(given)).toBe(opener);
    expect(receivedPayload(given)).toBe(rx);
    expect(transmittedPayload(given, openerOf(given))).toBe(tx);
  });

  it('uses the state where the kernel does not count what was sent (Linux < 4.19)', () => {
    expect(transmittedPayload(counters(5, 1002, 0, 0, { infoBytes: 160 }), 'active')).toBe(1000);
    expect(transmittedPayload(counters(1, 1001, 0, 0, { infoBytes: 160 }), 'active')).toBe(1000);
  });

  it('knows nothing without the counters (Linux < 4.1)', () => {
    expect(transmittedPayload(counters(1, 0, 0, 0, { infoBytes: 104 }), 'active')).toBeUndefined();
    expect(receivedPayload(counters(1, 0, 0, 0, { infoBytes: 104 }))).toBeUndefined();
  });
});

const short: Ending = { lastState: 0, halfClosed: false, hasTimeWait: false, rqueue: 0 };
const ended: [what: string, TcpCounters, Ending, 'active' | 'passive', rx: number, tx: number][] = [
  [
    'closed first, replaced before the FIN came',
    counters(7, 1002, 70_000, 1000),
    { ...short, hasTimeWait: true },
    'active',
    70_000,
    1000,
  ],
  ['closed second', counters(7, 70_001, 1001, 70_000), short, 'passive', 1000, 70_000],
  [
    'closed first, FIN came with the ACK',
    counters(7, 1002, 70_001, 1000),
    { ...short, hasTimeWait: true, rqueue: 1 },
    'active',
    70_000,
    1000,
  ],
  [
    'half-closed as a dump saw',
    counters(7, 1002, 70_001, 1000),
    { ...short, hasTimeWait: true, halfClosed: true },
    'active',
    70_000,
    1000,
  ],
  [
    'closed second without reading the end',
    counters(7, 70_001, 1001, 70_000),
    { ...short, rqueue: 1 },
    'passive',
    1000,
    70_000,
  ],
  ['last dump saw the FIN', counters(7, 1001, 70_001, 1000), { ...short, lastState: 8 }, 'active', 70_000, 1000],
  ['reset by the peer', counters(7, 70_000, 1000, 70_000), short, 'passive', 1000, 70_000],
  ['reset for unread data', counters(7, 1001, 70_001, 1000), { ...short, rqueue: 1 }, 'active', 70_001, 1000],
];

describe('after the end', () => {
  it.each(ended)('%s', (_what, given, ending, opener, rx, tx) => {
    expect(receivedPayloadAtEnd(given, opener, ending)).toBe(rx);
    expect(transmittedPayload(given, opener)).toBe(tx);
  });
});
