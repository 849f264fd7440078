// Ways, round trips and what differs between hosts, out of events.
import { describe, expect, test } from 'vitest';
import { differences } from './differences.ts';
import type { HopEvent, PingEvent, PortEvent, ToolEvent } from './events.ts';
import { pingFigures, roundTrips } from './ping-figures.ts';
import { traceHops } from './trace-hops.ts';

const answer = (attempt: number, rttUs: number): PingEvent => ({ kind: 'ping', attempt, outcome: 'answered', rttUs });
const silence = (attempt: number): PingEvent => ({ kind: 'ping', attempt, outcome: 'timeout' });
const port = (number: number, state: PortEvent['state']): PortEvent => ({
  kind: 'port',
  port: number,
  state,
  service: '',
});

test('round trips: loss, least, mean, most and jitter', () => {
  expect(pingFigures([answer(1, 100), answer(2, 300), silence(3), answer(4, 200)])).toEqual({
    ...{ sent: 4, answered: 3, lossPercent: 25, minUs: 100, meanUs: 200, maxUs: 300, jitterUs: 150 },
  });
  const none = { answered: 0, minUs: null, meanUs: null, maxUs: null, jitterUs: null };
  expect(pingFigures([silence(1)])).toEqual({ sent: 1, lossPercent: 100, ...none });
  expect(roundTrips([])).toEqual({ sent: 0, lossPercent: null, ...none });
  expect(pingFigures([{ kind: 'ping', attempt: 1, outcome: 'refused', rttUs: 50 }]).answered).toBe(0);
});

test('hops: several that answer at the same distance, silence, and the end', () => {
  const at = (hop: number, attempt: number, more: Partial<HopEvent>): HopEvent => ({
    ...{ kind: 'hop', hop, attempt, outcome: 'answered' },
    ...more,
  });
  const hops = traceHops([
    at(3, 1, { outcome: 'reached', address: '192.0.2.7', rttUs: 900 }),
    at(1, 1, { address: '10.0.0.1', name: 'gw.example', rttUs: 100 }),
    at(1, 2, { address: '10.0.0.2', rttUs: 300 }),
    at(2, 1, { outcome: 'timeout' }),
  ]);
  expect(hops.map(({ hop, addresses, reached }) => [hop, addresses, reached])).toEqual([
    [1, ['10.0.0.1', '10.0.0.2'], false],
    [2, [], false],
    [3, ['192.0.2.7'], true],
  ]);
  expect(hops[0]!.names.get('10.0.0.1')).toBe('gw.example');
  expect(hops[0]!.times.meanUs).toBe(200);
});

describe('differences', () => {
  const of = (...said: ToolEvent[][]) =>
    Object.fromEntries(differences(new Map(said.map((events, i) => [`h${i}`, events]))));

  test('nothing between hosts that see the same', () => {
    expect(of([answer(1, 400)], [answer(1, 600)], [answer(1, 500)])).toEqual({});
    expect(of([answer(1, 400)])).toEqual({});
    expect(of()).toEqual({});
  });

  test('the one of three that gets no answer, or another address', () => {
    expect(of([answer(1, 400)], [answer(1, 400)], [silence(1)])).toEqual({ h2: ['answers no answer, the others all'] });
    const resolved = (address: string): ToolEvent => ({ kind: 'resolved', target: 'a', address, addresses: [address] });
    expect(of([resolved('192.0.2.1')], [resolved('192.0.2.9')], [resolved('192.0.2.1')])).toEqual({
      h1: ['address 192.0.2.9, the others 192.0.2.1'],
    });
  });

  test('both of two that disagree', () => {
    expect(of([port(22, 'open'), port(80, 'open')], [port(22, 'filtered'), port(80, 'open')])).toEqual({
      h0: ['port 22 open, the other filtered'],
      h1: ['port 22 filtered, the other open'],
    });
  });

  test('one that is much farther away, and no more than that', () => {
    expect(of([answer(1, 1_000)], [answer(1, 82_000)], [answer(1, 2_000)])).toEqual({
      h1: ['82.0 ms, the others 2.00 ms'],
    });
    expect(of([answer(1, 100)], [answer(1, 900)])).toEqual({});
  });

  test('of many opinions without a usual one, none is odd', () => {
    expect(of([port(1, 'open')], [port(1, 'closed')], [port(1, 'filtered')])).toEqual({});
  });

  test('answers of the DNS in any order are the same; another set is not', () => {
    const dns = (...data: string[]): ToolEvent => ({
      ...{ kind: 'dns-answer', resolver: '192.0.2.53', type: 'A', rcode: 'NOERROR', rttUs: 5, bytes: 60 },
      flags: { authoritative: false, truncated: false, recursionAvailable: true, authenticData: false },
      records: data.map((one) => ({ section: 'answer', name: 'a.example', type: 'A', ttl: 60, data: one })),
    });
    expect(of([dns('1.1.1.1', '2.2.2.2')], [dns('2.2.2.2', '1.1.1.1')])).toEqual({});
    expect(of([dns('1.1.1.1')], [dns('1.1.1.1')], [dns()])).toEqual({ h2: ['A no records, the others 1.1.1.1'] });
  });
});
