// Large packets, data in pings, long connections, storms and ARP that are made up, and what looks like them.
import { describe, expect, test } from 'vitest';
import { aConnection, aProcess, aQuestion, monday, runDetector } from '../../../test/observations.ts';
import type { Observation, PacketsObservation } from '../observation.ts';
import { arpSpoof } from './arp-spoof.ts';
import { connectionStorm } from './connection-storm.ts';
import { icmpTunnel } from './icmp-tunnel.ts';
import { largePacket } from './large-packet.ts';
import { longConnection } from './long-connection.ts';

type Detectors =
  typeof largePacket | typeof icmpTunnel | typeof longConnection | typeof connectionStorm | typeof arpSpoof;

function judged(detector: Detectors, observations: readonly Observation[]) {
  const { run, findings } = runDetector<string>(detector);
  for (const observation of observations) {
    run.observe(observation);
    run.advance(observation.atUs);
  }
  run.advance((monday + 90_000) * 1e6);
  return findings();
}

function pings(changes: Partial<PacketsObservation> = {}, back = false): PacketsObservation {
  const [a, b] = [
    { address: '10.0.0.5', port: 0 },
    { address: '203.0.114.7', port: 0 },
  ];
  return {
    kind: 'packets',
    host: '10.0.0.5',
    atUs: monday * 1e6,
    late: false,
    startUs: monday * 1e6,
    protocol: 'icmp',
    source: back ? b : a,
    destination: back ? a : b,
    packets: 60,
    bytes: 60 * 56,
    largest: 56,
    odd: 0,
    ...changes,
  };
}

describe('oversized packets', () => {
  test('questions longer than a name can be, answers longer than anybody asks for, pings beyond a frame', () => {
    const large = [
      aQuestion(monday, { queryBytes: 900 }),
      aQuestion(monday, { answerBytes: 9_000 }),
      pings({ largest: 65_000, packets: 3 }),
    ];
    expect(judged(largePacket, large).map(({ key, severity }) => [key[0], severity])).toEqual([
      ['DNS question', 'low'],
      ['DNS answer', 'low'],
      ['ping', 'low'],
    ]);
  });

  test('many of them are worth more', () => {
    expect(judged(largePacket, [pings({ largest: 1_500, packets: 30 })])).toMatchObject([{ severity: 'medium' }]);
  });

  test.each([
    ['an answer by TCP', aQuestion(monday, { answerBytes: 60_000, transport: 'tcp' })],
    ['multicast DNS', aQuestion(monday, { queryBytes: 1_400, service: 'mdns' })],
    ['an exchange of keys', aQuestion(monday, { queryBytes: 1_400, type: 249 })],
    ['a ping as large as a frame', pings({ largest: 1_472 })],
  ])('nothing is said of %s', (_, observation) => {
    expect(judged(largePacket, [observation])).toEqual([]);
  });
});

describe('data in pings', () => {
  test('payloads that no ping has', () => {
    const findings = judged(icmpTunnel, [pings({ odd: 55, bytes: 60 * 900 }), pings({ bytes: 60 * 900 }, true)]);
    expect(findings).toMatchObject([{ severity: 'high', peer: '203.0.114.7' }]);
  });

  test('where only sizes are known, answers unlike their questions', () => {
    const log = { odd: undefined } as const;
    const unlike = [pings({ ...log, bytes: 60 * 64 }), pings({ ...log, bytes: 60 * 700 }, true)];
    expect(judged(icmpTunnel, unlike)).toHaveLength(1);
    const alike = [pings({ ...log, bytes: 60 * 64 }), pings({ ...log, bytes: 58 * 64, packets: 58 }, true)];
    expect(judged(icmpTunnel, alike)).toEqual([]);
  });

  test('nothing is said of a monitor that pings all day', () => {
    const day = Array.from({ length: 1_440 }, (_, minute) =>
      pings({ atUs: (monday + 60 * minute) * 1e6, odd: minute % 60 === 0 ? 1 : 0 }),
    );
    expect(judged(icmpTunnel, day)).toEqual([]);
  });
});

describe('long connections', () => {
  const lasting = (hours: number, changes: Parameters<typeof aConnection>[1] = {}) =>
    aConnection(monday + 3_600 * hours, { openedUs: monday * 1e6, ...changes });

  test('without a name, on a port that is for nothing long: medium', () => {
    expect(judged(longConnection, [lasting(20, { remote: { address: '203.0.114.7', port: 4_444 } })])).toMatchObject([
      { severity: 'medium', peer: '203.0.114.7' },
    ]);
  });

  test('with a name, or meant to last: low', () => {
    expect(judged(longConnection, [lasting(20, { name: 'push.example.net' })])).toMatchObject([{ severity: 'low' }]);
    const ssh = lasting(20, { remote: { address: '203.0.114.7', port: 22 } });
    expect(judged(longConnection, [ssh])).toMatchObject([{ severity: 'low' }]);
  });

  test('it grows as one finding', () => {
    const spans = [13, 14, 15].map((hours) => lasting(hours, { id: '9', closed: hours === 15 }));
    expect(judged(longConnection, spans)).toMatchObject([{ endUs: (monday + 15 * 3_600) * 1e6 }]);
  });

  test.each([
    ['a working day', lasting(9)],
    ['a neighbour', lasting(30, { remote: { address: '10.0.0.9', port: 445 } })],
    ['an attempt', lasting(30, { outcome: 'attempted', receivedBytes: 0 })],
  ])('nothing is said of %s', (_, observation) => {
    expect(judged(longConnection, [observation])).toEqual([]);
  });
});

describe('connection storms', () => {
  const opened = (minutes: number, perMinute: number, from = 0) =>
    Array.from({ length: minutes }, (_, minute) =>
      aConnection(monday + 60 * (from + minute), {
        count: perMinute,
        process: aProcess({ executable: '/usr/bin/app' }),
      }),
    );

  test('twenty times the usual, once it is known', () => {
    const findings = judged(connectionStorm, [...opened(120, 100), ...opened(5, 2_500, 120)]);
    expect(findings).toMatchObject([{ severity: 'medium', count: 2_500 }]);
  });

  test('what is usual is no storm', () => {
    expect(judged(connectionStorm, opened(300, 3_000, 0).slice(1))).toEqual([]);
    expect(judged(connectionStorm, [...opened(120, 900), ...opened(10, 3_000, 120)])).toEqual([]);
  });

  test('what was open before anybody looked began some other time', () => {
    const known = [...opened(120, 100), ...opened(5, 2_500, 120).map((one) => ({ ...one, openedBefore: true }))];
    expect(judged(connectionStorm, known)).toEqual([]);
  });

  test('what failed is no storm', () => {
    const failed = opened(130, 5_000).map((one) => ({ ...one, outcome: 'attempted' as const }));
    expect(judged(connectionStorm, failed)).toEqual([]);
  });
});

describe('ARP', () => {
  const [router, attacker, victim] = ['10.0.0.1', '10.0.0.66', '10.0.0.5'];
  const says = (at: number, hardware: string, address: string, to: string, unasked: boolean): PacketsObservation => ({
    ...pings(),
    host: to,
    atUs: (monday + at) * 1e6,
    protocol: 'arp',
    source: { address, port: 0 },
    destination: { address: to, port: 0 },
    hardware,
    unasked,
  });

  test("a machine that presses the router's address on another", () => {
    const messages = [
      says(0, '02:00:00:00:00:66', attacker, router, false),
      ...[1, 2, 3].map((at) => says(at, '02:00:00:00:00:66', router, victim, true)),
    ];
    expect(judged(arpSpoof, messages)).toMatchObject([{ severity: 'high', host: victim, peer: attacker, count: 3 }]);
  });

  test('it is known by the address that it shows later', () => {
    const messages = [
      says(0, '02:00:00:00:00:66', router, victim, true),
      says(9, '02:00:00:00:00:66', attacker, router, false),
    ];
    expect(judged(arpSpoof, messages)).toMatchObject([{ host: victim, peer: attacker }]);
  });

  test('a machine without an address that tells each of two that it is the other', () => {
    const poison = [0, 10].flatMap((at) => [
      says(at, '02:00:00:00:00:66', router, victim, true),
      says(at + 1, '02:00:00:00:00:66', victim, router, true),
    ]);
    expect(judged(arpSpoof, poison.slice(0, 2))).toEqual([]);
    expect(new Set(judged(arpSpoof, poison).map(({ host }) => host))).toEqual(new Set([router, victim]));
  });

  test('whoever defends its one address against a machine that speaks as several is not told', () => {
    const own = '02:00:00:00:00:01';
    const turns = [
      says(0, '02:00:00:00:00:66', '10.0.0.7', victim, true),
      ...[1, 2, 3, 4].flatMap((at) => [
        says(at, own, router, victim, false),
        says(at + 0.5, '02:00:00:00:00:66', router, victim, true),
      ]),
    ];
    const told = judged(arpSpoof, turns);
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter(({ peer }) => peer === own)).toEqual([]);
  });

  test('two that take turns with one address', () => {
    const turns = Array.from({ length: 6 }, (_, at) => says(at, `02:00:00:00:00:0${at % 2}`, router, victim, false));
    expect(judged(arpSpoof, turns).length).toBeGreaterThan(0);
  });

  test.each([
    [
      'answers to questions',
      [says(0, '02:00:00:00:00:01', router, victim, false), says(1, '02:00:00:00:00:01', '10.0.0.2', victim, false)],
    ],
    [
      'a takeover that is announced to all',
      [says(0, '02:00:00:00:00:01', router, router, false), says(9, '02:00:00:00:00:02', router, router, true)],
    ],
    [
      'a virtual router',
      [says(0, '00:00:5e:00:01:07', attacker, victim, false), says(1, '00:00:5e:00:01:07', router, victim, true)],
    ],
    ['an answer whose question was not captured', [says(0, '02:00:00:00:00:01', router, victim, true)]],
  ])('nothing is said of %s', (_, messages) => {
    expect(judged(arpSpoof, messages)).toEqual([]);
  });
});
