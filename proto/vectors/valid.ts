// What the valid vectors hold; `make.ts` writes them to files.
import {
  Direction,
  LiveSection,
  Metric,
  NameSource,
  type AgentFrame,
  type BatchBody,
  type CollectorFrame,
} from '../src/index.ts';
import { packDeltas } from '../src/delta-varint.ts';
import * as version2 from './valid-version-2.ts';
import * as version3 from './valid-version-3.ts';
import * as version4 from './valid-version-4.ts';
import { HostStatus, type ServerFrame, type ViewerFrame } from '../src/live.ts';

const count = (length: number, first = 0) => Uint8Array.from({ length }, (_, i) => (first + i) & 255);
const v4 = (...bytes: number[]) => Uint8Array.from(bytes);
const v6 = Uint8Array.from([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
const bootId = count(16, 0xb0);
const epoch = count(8, 0xe0);
const largest = Number.MAX_SAFE_INTEGER;
const clock = { bootId, boottimeUs: 3_600_000_000, wallUs: 1_795_000_000_000_000 };

export const agentFrames: Record<string, [about: string, frame: AgentFrame]> = {
  ...version2.agentFrames,
  ...version3.agentFrames,
  ...version4.agentFrames,
  'hello-enrolment': [
    'the first Hello of a host, with its token and public key',
    {
      hello: {
        protocolVersion: 1,
        minimumVersion: 1,
        agentVersion: '0.1.0',
        jwt: 'header.claims.signature',
        machineId: count(32),
        enrolment: { token: 'fte1_example', publicKey: count(32, 64) },
        host: {
          name: 'mast-1',
          os: 'Debian GNU/Linux 12 (bookworm)',
          kernel: '6.18.0',
          arch: 'x86_64',
          platform: 'linux',
          addresses: ['192.0.2.7', '2001:db8::1'],
          cpus: 2,
          memoryBytes: 4_294_967_296,
          clockTicks: 100,
        },
        clock,
        scope: 'machine',
        tier: 2,
        sources: [
          { name: 'sock_diag', available: true },
          { name: 'owners', reason: 'runs without root', remedy: 'Start it as root.' },
        ],
      },
    },
  ],
  'hello-replay': [
    'a Hello after an outage: three epochs lie in the spool, the oldest with a lost beginning',
    {
      hello: {
        protocolVersion: 1,
        minimumVersion: 1,
        jwt: 'header.claims.signature',
        machineId: count(32),
        clock: { ...clock, wallUs: 1 },
        tier: 3,
        epochs: [
          { epoch, firstSequence: 41, lastSequence: 97 },
          { epoch: count(8, 1), firstSequence: 1, lastSequence: 1 },
          { epoch: count(8, 2), firstSequence: 1, lastSequence: largest },
        ],
      },
    },
  ],
  pulse: [
    'one second of a busy host, coverage unknown',
    {
      pulse: {
        boottimeUs: 3_601_000_000,
        rxRate: 125_000_000,
        txRate: 1,
        connections: 1_005,
        cpuPermille: 1_000,
        memoryUsedBytes: 3_000_000_000,
        memoryTotalBytes: 4_294_967_296,
        spooledBatches: 2,
        loopbackRate: 77,
        processes: 300,
      },
    },
  ],
  'pulse-empty': ['every number 0: the body is there, but has no bytes', { pulse: {} }],
  'pulse-largest': [
    '64-bit numbers at the largest that is exact, 2^53-1',
    { pulse: { boottimeUs: largest, rxRate: largest, eventsLost: largest } },
  ],
  batch: [
    'a sealed batch; its payload is opaque to the frame',
    {
      batch: {
        epoch,
        sequence: 42,
        previousSequence: 41,
        payload: count(40, 7),
        payloadBytes: 1_234,
        clock,
        bootOffsetUs: 1_791_400_000_000_000,
        wallOffsetUs: -1,
        bootId,
      },
    },
  ],
  'batch-after-loss': [
    'the spool dropped batches 2 to 8 before this one',
    { batch: { epoch, sequence: 9, previousSequence: 1, payload: count(3), payloadBytes: 9, bootId } },
  ],
  'live-key-frame': [
    'the first part of a split key frame: connections are still to come',
    {
      live: {
        sequence: 1,
        boottimeUs: 3_601_000_000,
        keyFrame: true,
        bandwidth: { rxRate: 1, txRate: 2, loopbackRate: 3 },
        opened: [
          {
            handle: 1,
            cookie: 4_097,
            protocol: 6,
            state: 1,
            direction: Direction.DIRECTION_OUTBOUND,
            localAddress: v4(192, 0, 2, 7),
            localPort: 40_000,
            remoteAddress: v4(198, 51, 100, 1),
            remotePort: 443,
            pid: 4_711,
            comm: 'curl',
            uid: 1_000,
            startedUs: 3_600_500_000,
            rxBytes: 0,
            txBytes: 517,
            rttUs: 12_000,
            pidStartTicks: 360_000,
          },
          { handle: 2, protocol: 17, state: 7, direction: Direction.DIRECTION_LISTEN, localAddress: v6, localPort: 53 },
        ],
        started: [
          {
            identity: { pid: 4_711, startTicks: 360_000, comm: 'curl', commandLine: 'curl -H [redacted]' },
            cpuPermille: 20,
            state: 'S',
          },
        ],
        interfaces: [
          { name: 'eth0', up: true, rxBytes: largest, speedMbit: 1_000, mtu: 1_500, addresses: ['192.0.2.7/24'] },
        ],
      },
    },
  ],
  'live-delta': [
    'columns of what changed; the last part, so the table is complete',
    {
      live: {
        sequence: 2,
        boottimeUs: 3_602_000_000,
        updates: {
          handle: [1, 9],
          state: [1, 4],
          rxBytes: [100, 0],
          txBytes: [600, 0],
          rxRate: [100, 0],
          txRate: [83, 0],
          rttUs: [11_000, 0],
          retransmissions: [0, 0],
          known: [15, 0],
          pid: [4_711, 0],
        },
        closed: [2, 3, 300],
        processUpdates: {
          pid: [4_711],
          cpuPermille: [10],
          memoryBytes: [1_048_576],
          threads: [1],
          connections: [1],
          descriptors: [8],
          rxRate: [100],
          txRate: [83],
        },
        exited: [99],
        hasConnections: true,
        hasProcesses: true,
      },
    },
  ],
  goodbye: ['the agent stops by itself', { goodbye: { reason: 'stopping' } }],
  'names-hostile': [
    'NUL, control and bidirectional characters, HTML and an emoji are valid text here; whoever shows or stores it must cope',
    { hello: { host: { name: 'a\u0000b\u001b[31m\u202e<img src=x onerror=alert(1)>😀' } } },
  ],
};

export const collectorFrames: Record<string, [about: string, frame: CollectorFrame]> = {
  ...version2.collectorFrames,
  ...version3.collectorFrames,
  ...version4.collectorFrames,
  challenge: [
    'the first frame of every connection',
    { challenge: { nonce: count(32, 100), collectorId: 'collector-1', protocolVersion: 1, minimumVersion: 1 } },
  ],
  welcome: [
    'one epoch has a cursor already',
    {
      welcome: {
        protocolVersion: 1,
        hostId: 7,
        collectorUs: 1_795_000_000_000_000,
        acknowledged: [{ epoch, sequence: 40, collectorUs: 1_795_000_000_000_000 }],
        settings: { pulseIntervalMs: 1_000, maxInflightBatches: 8 },
      },
    },
  ],
  ack: ['everything up to 42 is stored', { ack: { epoch, sequence: 42, collectorUs: 1_795_000_000_000_000 } }],
  'ack-quarantined': [
    'two batches on the way were set aside',
    { ack: { epoch, sequence: 42, collectorUs: 1, quarantined: [40, 41] } },
  ],
  watch: [
    'a live lease for two sections at the highest rate',
    {
      watch: {
        sections: [LiveSection.LIVE_SECTION_BANDWIDTH, LiveSection.LIVE_SECTION_CONNECTIONS],
        rateHz: 10,
        ttlMs: 15_000,
        keyFrame: true,
      },
    },
  ],
  'watch-stop': ['an empty Watch ends the lease', { watch: {} }],
};

export const batches: Record<string, [about: string, body: BatchBody]> = {
  ...version2.batches,
  'body-empty': ['nothing happened', {}],
  'body-every-kind': [
    'one row of each kind',
    {
      bootId,
      strings: ['', 'curl', 'example.net'],
      processes: [
        {
          pid: 4_711,
          startTicks: 360_000,
          startedUs: 3_600_000_000,
          parentPid: 1,
          comm: 'curl',
          executable: '/usr/bin/curl',
          uid: 1_000,
          user: 'sailor',
          exited: true,
          exitedUs: 3_600_900_000,
        },
      ],
      segments: [
        {
          cookie: 4_097,
          startedUs: 3_600_500_000,
          startUs: 3_600_500_000,
          endUs: 3_600_900_000,
          closed: true,
          pid: 4_711,
          pidStartTicks: 360_000,
          comm: 1,
          protocol: 6,
          state: 7,
          direction: Direction.DIRECTION_OUTBOUND,
          localAddress: v6,
          localPort: 40_000,
          remoteAddress: v6,
          remotePort: 443,
          rxBytes: 0,
          txBytes: 517,
          rttUs: 12_000,
          retransmissions: 0,
          uid: 1_000,
          name: 2,
          nameSource: NameSource.NAME_SOURCE_DNS,
          connectionCount: 1,
        },
      ],
      metrics: [
        {
          subject: 'if:eth0',
          startUs: 3_600_000_000,
          intervalUs: 1_000_000,
          count: 3,
          series: [{ metric: Metric.METRIC_RX_BYTES, values: packDeltas([5, 5, -2]) }],
        },
      ],
      processMinutes: [
        {
          pid: 4_711,
          startTicks: 360_000,
          startUs: 3_600_000_000,
          seconds: 1,
          cpuUs: 9_000,
          memoryBytes: 1_048_576,
          rxBytes: 0,
          connections: 1,
          threads: 1,
        },
      ],
      gaps: [{ startUs: 1, endUs: 2, reason: 'rows-capped', lost: 12, detail: 'segments' }],
    },
  ],
};

export const viewerFrames: Record<string, [about: string, frame: ViewerFrame]> = {
  'viewer-host': [
    'the page of host 7',
    { hostId: 7, sections: [LiveSection.LIVE_SECTION_BANDWIDTH, LiveSection.LIVE_SECTION_PROCESSES], rateHz: 10 },
  ],
};

export const serverFrames: Record<string, [about: string, frame: ServerFrame]> = {
  ...version2.serverFrames,
  'fleet-tick': [
    'two hosts, one with its coverage unknown',
    {
      fleet: {
        timeUs: 1_795_000_000_000_000,
        complete: true,
        hostId: [7, 8],
        status: [HostStatus.HOST_STATUS_LIVE, HostStatus.HOST_STATUS_OFFLINE],
        rxRate: [1_000, 0],
        txRate: [2_000, 0],
        connections: [12, 0],
        cpuPermille: [250, 0],
        memoryUsedBytes: [1_000_000, 0],
        memoryTotalBytes: [4_294_967_296, 0],
        lastSeenUs: [1_795_000_000_000_000, 1_794_000_000_000_000],
        directoryVersion: 3,
        coveragePermille: [1_001, 0],
      },
    },
  ],
  'host-status': [
    'only the status changed',
    { host: { hostId: 7, status: HostStatus.HOST_STATUS_STALE, timeUs: 1_795_000_000_000_000 } },
  ],
  notice: ['the session has ended', { notice: { code: 'session-ended', message: 'You were signed out.' } }],
};
