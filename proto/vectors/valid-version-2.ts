// What the valid vectors of protocol version 2 hold: DNS, scans, coverage, owner rules, ALPN.
import {
  DnsKind,
  DnsRole,
  DnsTransport,
  Metric,
  NameSource,
  OwnerRule,
  ScanKind,
  type AgentFrame,
  type BatchBody,
  type CollectorFrame,
} from '../src/index.ts';
import { packDeltas } from '../src/delta-varint.ts';
import type { ServerFrame } from '../src/live.ts';

const v4 = (...bytes: number[]) => Uint8Array.from(bytes);
const v6 = Uint8Array.from([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
const bootId = Uint8Array.from({ length: 16 }, (_, i) => (0xb0 + i) & 255);
const largest = Number.MAX_SAFE_INTEGER;

export const agentFrames: Record<string, [about: string, frame: AgentFrame]> = {
  'pulse-coverage': [
    'what version 2 adds to a pulse: a second that was lost, others late or after an outage, DNS and SNI given up',
    {
      pulse: {
        boottimeUs: 3_601_000_000,
        eventsLost: 12,
        coveragePermille: 998,
        hasCoverage: true,
        missingSeconds: 1,
        lateSeconds: 2,
        backfilledSeconds: 300,
        givenUp: 6,
      },
    },
  ],
  'live-dns': [
    'an answered question, one that nobody answered, and a connection with its owner rule and ALPN',
    {
      live: {
        sequence: 3,
        boottimeUs: 3_603_000_000,
        opened: [{ handle: 4, protocol: 6, state: 1, alpn: 'h2', ownerRule: OwnerRule.OWNER_RULE_ACCEPT }],
        dns: [
          {
            askedUs: 3_602_000_000,
            answered: true,
            latencyUs: 0,
            pid: 4_711,
            pidStartTicks: 360_000,
            comm: 'curl',
            transport: DnsTransport.DNS_TRANSPORT_UDP,
            kind: DnsKind.DNS_KIND_DNS,
            role: DnsRole.DNS_ROLE_CLIENT,
            peerAddress: v4(127, 0, 0, 53),
            peerPort: 53,
            name: 'example.net',
            type: 28,
            addresses: [v6],
            canonicalNames: ['cdn.example.net'],
          },
          {
            askedUs: 3_602_500_000,
            transport: DnsTransport.DNS_TRANSPORT_TCP,
            kind: DnsKind.DNS_KIND_LLMNR,
            role: DnsRole.DNS_ROLE_SERVER,
            peerAddress: v6,
            peerPort: 40_000,
            name: '.',
            type: 65_535,
          },
        ],
      },
    },
  ],
};

export const collectorFrames: Record<string, [about: string, frame: CollectorFrame]> = {
  'watch-dns': ['a lease for DNS, which only version 2 has', { watch: { sections: [5], rateHz: 1, ttlMs: 15_000 } }],
};

export const batches: Record<string, [about: string, body: BatchBody]> = {
  'body-dns-and-scans': [
    'DNS exchanges with all their fields and with as few as may be, a folded scan, a segment with ALPN and owner rule',
    {
      bootId,
      strings: ['', 'curl', 'example.net', 'cdn.example.net', 'h3'],
      segments: [
        {
          ...{
            cookie: 4_098,
            startedUs: 3_600_500_000,
            startUs: 3_600_500_000,
            endUs: 3_600_900_000,
            protocol: 17,
            state: 1,
          },
          ...{ localAddress: v6, localPort: 40_001, remoteAddress: v6, remotePort: 443, name: 2, connectionCount: 1 },
          ...{ nameSource: NameSource.NAME_SOURCE_SNI, alpn: 4, ownerRule: OwnerRule.OWNER_RULE_CONNECT },
        },
      ],
      metrics: [
        {
          startUs: 3_600_000_000,
          intervalUs: 1_000_000,
          count: 2,
          series: [
            { metric: Metric.METRIC_SOCKET_BYTES, values: packDeltas([900, 0]) },
            { metric: Metric.METRIC_INTERFACE_BYTES, values: packDeltas([1_000, 0]) },
            { metric: Metric.METRIC_FORWARDED_BYTES, values: packDeltas([0, 7]) },
            { metric: Metric.METRIC_EVENTS_LOST, values: packDeltas([0, 1]) },
          ],
        },
      ],
      dnsExchanges: [
        {
          askedUs: 3_600_500_000,
          answered: true,
          latencyUs: 12_345,
          pid: 4_711,
          pidStartTicks: 360_000,
          comm: 1,
          transport: DnsTransport.DNS_TRANSPORT_UDP,
          kind: DnsKind.DNS_KIND_DNS,
          role: DnsRole.DNS_ROLE_CLIENT,
          peerAddress: v4(192, 0, 2, 53),
          peerPort: 53,
          name: 2,
          type: 28,
          rcode: 3,
          truncated: true,
          addresses: [v6, v4(198, 51, 100, 1)],
          canonicalNames: [3, 2],
          queryBytes: 29,
          answerBytes: 512,
          count: 3,
          cookie: 4_099,
        },
        {
          askedUs: 3_600_600_000,
          transport: DnsTransport.DNS_TRANSPORT_TCP,
          kind: DnsKind.DNS_KIND_MDNS,
          role: DnsRole.DNS_ROLE_SERVER,
          peerAddress: v6,
        },
      ],
      scans: [
        {
          startUs: 3_600_000_000,
          endUs: 3_600_900_000,
          kind: ScanKind.SCAN_KIND_XMAS,
          sourceAddress: v4(203, 0, 113, 9),
          localAddress: v4(192, 0, 2, 7),
          ports: 1_000,
          packets: largest,
        },
      ],
    },
  ],
};

export const serverFrames: Record<string, [about: string, frame: ServerFrame]> = {
  'fleet-tick-lost': [
    'what version 2 adds to a tick: lost events, and what a host has given up',
    { fleet: { timeUs: 1, hostId: [7], eventsLost: [12], givenUp: [16], coveragePermille: [999] } },
  ],
};
