// The API's answers as schemas: what the OpenAPI document shows and what tests hold answers against. Types: proto/src/api.ts.
import { stateNames } from '@foretop/proto';
import type * as api from '@foretop/proto/api';
import { z } from 'zod';
import { hostPolicy } from './command-schemas.ts';
import { rowPlace } from './place-schemas.ts';
import {
  container,
  count,
  gapEntry,
  gaps,
  hostId,
  list,
  name,
  rowId,
  span,
  time,
  unknownable,
  unknownSpan,
} from './schema-parts.ts';

export { gapEntry, named, problem } from './schema-parts.ts';
export * from './command-schemas.ts';
export * from './finding-schemas.ts';
export * from './tool-schemas.ts';
export * from './trace-schemas.ts';
export * from './trust-schemas.ts';

const state = z.enum(stateNames);
const direction = z.enum(['inbound', 'outbound', 'listen', 'unknown']);
const protocol = z.enum(['tcp', 'udp']);

export const host = name(
  'Host',
  z.strictObject({
    id: hostId(),
    name: z.string(),
    labels: z.array(z.string()),
    status: z.enum(['live', 'stale', 'offline', 'revoked']),
    addresses: z.array(z.string()),
    os: z.string(),
    kernel: z.string(),
    arch: z.string(),
    platform: z.string(),
    cpus: count(),
    memoryBytes: count(),
    timeZone: z.string().describe('Of the IANA database, as the host says; empty = not known, and taken as UTC.'),
    agentVersion: z.string(),
    scope: z.string(),
    tier: count(),
    sources: z.array(
      z.strictObject({ name: z.string(), available: z.boolean(), reason: z.string(), remedy: z.string() }),
    ),
    enrolledAt: time(),
    lastSeenAt: time().nullable(),
    bootedAt: time().nullable(),
    rxRate: unknownable().describe('Bytes a second, loopback left out; null while the host is not live.'),
    txRate: unknownable(),
    connections: unknownable(),
    cpuPercent: z.number().nullable(),
    memoryUsedBytes: unknownable(),
    coverage: z.number().nullable(),
    eventsLost: unknownable().describe('Since the agent started, as the seconds below.'),
    missingSeconds: unknownable(),
    lateSeconds: unknownable(),
    backfilledSeconds: unknownable(),
    givenUp: z.array(z.string()).describe('What the agent does without at the moment to stay within its budget.'),
  }) satisfies z.ZodType<api.Host>,
);

export const hostDetail = name(
  'HostDetail',
  z.strictObject({
    ...host.shape,
    policy: hostPolicy.nullable().describe('What its own file allows, as it last said.'),
    keyThumbprint: z.string().nullable(),
  }) satisfies z.ZodType<api.HostDetail>,
);

export const connection = name(
  'Connection',
  z.strictObject({
    id: rowId(),
    hostId: hostId(),
    protocol,
    state,
    direction,
    localAddress: z.string(),
    localPort: count(),
    remoteAddress: z.string().nullable().describe('null for listening and unconnected sockets.'),
    remotePort: unknownable(),
    pid: unknownable(),
    process: z.string().nullable(),
    processId: rowId().nullable(),
    unit: z.string().nullable(),
    container: container.nullable(),
    uid: count(),
    startedAt: time(),
    startedBefore: z.boolean().describe('It is older than the agent: startedAt is when it was first seen.'),
    endedAt: time().nullable(),
    rxBytes: unknownable().describe("Live: since the connection's start. History: within the span asked for."),
    txBytes: unknownable(),
    rxRate: unknownable(),
    txRate: unknownable(),
    rttUs: unknownable(),
    retransmissions: unknownable(),
    name: z.string().nullable(),
    nameSource: z.enum(['none', 'dns', 'sni', 'reverse-dns']),
    alpn: z.string().nullable(),
    ownerRule: z
      .enum(['connect', 'accept', 'holder', 'create', 'close', 'listener', 'kernel', 'unknown'])
      .describe('Which observation named the process.'),
    communityId: z.string().nullable().describe('Community ID v1.'),
    connectionCount: z.int().min(1).describe('How many closed connections this row folds.'),
    place: rowPlace.nullable().describe('Of the far end; null = not known, or no public address.'),
  }) satisfies z.ZodType<api.Connection>,
);

const counted = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.array(z.strictObject({ ...shape, connections: count() }));

export const connectionFacets = name(
  'ConnectionFacets',
  z.strictObject({
    asOf: time(),
    total: count(),
    byState: z.partialRecord(state, count()),
    byDirection: z.partialRecord(direction, count()),
    byProtocol: z.partialRecord(protocol, count()),
    processes: counted({ process: z.string() }),
    hosts: counted({ hostId: hostId(), name: z.string() }),
    remoteAddresses: counted({ address: z.string() }),
    units: counted({ unit: z.string() }),
    containers: counted({ runtime: z.string(), id: z.string() }),
    unknown: z.array(unknownSpan),
  }) satisfies z.ZodType<api.ConnectionFacets>,
);

export const process = name(
  'Process',
  z.strictObject({
    id: rowId(),
    hostId: hostId(),
    pid: count(),
    parentPid: count(),
    process: z.string(),
    executable: z.string(),
    commandLine: z.string().describe('Secrets in it were made unreadable on the host.'),
    uid: count(),
    user: z.string(),
    cgroup: z.string(),
    unit: z.string(),
    container: container.nullable(),
    startedAt: time(),
    exitedAt: time().nullable(),
    cpuPercent: z.number().nullable(),
    memoryBytes: unknownable(),
    threads: unknownable(),
    descriptors: unknownable(),
    connections: unknownable(),
    rxRate: unknownable(),
    txRate: unknownable(),
  }) satisfies z.ZodType<api.Process>,
);

export const connectionDetail = name(
  'ConnectionDetail',
  z.strictObject({
    asOf: time(),
    source: z.enum(['live', 'history']),
    connection,
    process: process.nullable(),
    parents: z.array(process).describe('The parent first, as far as they are stored.'),
    stored: z
      .strictObject({
        segments: z.int().min(1),
        from: time(),
        to: time(),
        rxBytes: unknownable(),
        txBytes: unknownable(),
        rxPackets: unknownable(),
        txPackets: unknownable(),
        retransmissions: unknownable(),
      })
      .nullable()
      .describe('Sums over all its stored segments.'),
    peer: z
      .strictObject({
        hostId: hostId(),
        hostName: z.string(),
        connectionId: rowId(),
        pid: unknownable(),
        process: z.string().nullable(),
        processId: rowId().nullable(),
        joinedBy: z.literal('five-tuple'),
      })
      .nullable()
      .describe('The other end, where it is on an enrolled host.'),
  }) satisfies z.ZodType<api.ConnectionDetail>,
);

export const processDetail = name(
  'ProcessDetail',
  z.strictObject({
    asOf: time(),
    source: z.enum(['live', 'history']),
    process,
    parents: z.array(process),
    firstSeenAt: time().nullable(),
    lastSeenAt: time().nullable(),
  }) satisfies z.ZodType<api.ProcessDetail>,
);

export const application = name(
  'Application',
  z.strictObject({
    process: z.string(),
    rxBytes: count(),
    txBytes: count(),
    share: z.number().min(0).max(1).nullable(),
    processes: count(),
    cpuSeconds: z.number(),
  }) satisfies z.ZodType<api.Application>,
);

export const interfaceRow = name(
  'Interface',
  z.strictObject({
    name: z.string(),
    up: z.boolean(),
    addresses: z.array(z.string()),
    hardwareAddress: z.string(),
    mtu: count(),
    speedMbit: unknownable(),
    rxBytes: count(),
    txBytes: count(),
    rxRate: unknownable(),
    txRate: unknownable(),
    rxPackets: count(),
    txPackets: count(),
    rxErrors: count(),
    txErrors: count(),
    rxDrops: count(),
    txDrops: count(),
  }) satisfies z.ZodType<api.Interface>,
);

export const recordedInterface = name(
  'RecordedInterface',
  z.strictObject({
    name: z.string(),
    rxBytes: unknownable(),
    txBytes: unknownable(),
    errors: unknownable(),
    drops: unknownable(),
    knownSeconds: count(),
  }) satisfies z.ZodType<api.RecordedInterface>,
);

export const bandwidthPoint = name(
  'BandwidthPoint',
  z.strictObject({
    time: time(),
    rxRate: unknownable(),
    txRate: unknownable(),
  }) satisfies z.ZodType<api.BandwidthPoint>,
);

export const timelineBucket = name(
  'TimelineBucket',
  z.strictObject({
    time: time(),
    rxRate: unknownable(),
    txRate: unknownable(),
    connections: unknownable(),
    cpuPercent: z.number().nullable(),
    knownSeconds: count(),
  }) satisfies z.ZodType<api.TimelineBucket>,
);

export const hostList = name('HostList', z.strictObject(list(host)));
export const connectionList = name(
  'ConnectionList',
  z.strictObject({ ...list(connection), unknown: z.array(unknownSpan) }) satisfies z.ZodType<api.ConnectionList>,
);
export const processList = name('ProcessList', z.strictObject(list(process)));
export const interfaceList = name('InterfaceList', z.strictObject(list(interfaceRow)));
export const recordedInterfaceList = name('RecordedInterfaceList', z.strictObject(list(recordedInterface)));
export const gapList = name('GapList', z.strictObject(list(gapEntry)));
export const bandwidth = name(
  'Bandwidth',
  z.strictObject({
    ...list(bandwidthPoint),
    stepSeconds: z.int().min(1),
    subject: z.string(),
    ...gaps,
  }) satisfies z.ZodType<api.Bandwidth>,
);
export const timeline = name(
  'Timeline',
  z.strictObject({
    ...list(timelineBucket),
    ...span,
    bucketSeconds: z.int().min(60),
    ...gaps,
  }) satisfies z.ZodType<api.Timeline>,
);
export const fleetRecord = name(
  'FleetRecord',
  z.strictObject({
    ...list(
      z.strictObject({
        hostId: hostId(),
        knownSeconds: count(),
        rxRate: unknownable(),
        txRate: unknownable(),
        connections: unknownable(),
        cpuPercent: z.number().nullable(),
        memoryUsedBytes: unknownable(),
        rxRates: z.array(unknownable()),
        txRates: z.array(unknownable()),
      }),
    ),
    ...span,
    bucketSeconds: z.int().min(60),
    unknown: z.array(unknownSpan),
  }) satisfies z.ZodType<api.FleetRecord>,
);
export const applicationList = name(
  'ApplicationList',
  z.strictObject({
    ...list(application),
    ...span,
    rxBytes: count(),
    txBytes: count(),
    ...gaps,
  }) satisfies z.ZodType<api.ApplicationList>,
);

export const historyDeletion = name(
  'HistoryDeletion',
  z.strictObject({
    dryRun: z.boolean(),
    ...span,
    hostIds: z.array(hostId()).nullable(),
    rows: z.record(z.string(), count()),
    total: count(),
  }) satisfies z.ZodType<api.HistoryDeletion>,
);

export const stats = name(
  'Stats',
  z.strictObject({
    asOf: time(),
    hosts: z.strictObject({ live: count(), stale: count(), offline: count() }),
    connections: z.strictObject({ total: count(), byState: z.partialRecord(state, count()) }),
    topProcesses: counted({ process: z.string(), hosts: count() }),
  }) satisfies z.ZodType<api.Stats>,
);

export const system = name(
  'System',
  z.strictObject({
    version: z.string(),
    protocolVersion: z.int(),
    collectorId: z.string(),
    startedAt: time(),
    time: time(),
    database: z.strictObject({ kind: z.enum(['embedded', 'external']), version: z.string(), bytes: count() }),
    agents: z.strictObject({
      connected: count(),
      release: z.string().nullable().describe('The version that /install.sh installs; null when there is none here.'),
    }),
    disk: z.strictObject({
      maxBytes: unknownable().describe('The size budget; null when none is set.'),
      usedBytes: unknownable(),
      quarantineBytes: unknownable(),
      freeBytes: unknownable(),
      totalBytes: unknownable(),
      lowOnSpace: z.boolean(),
      overBudget: z.boolean(),
      droppedPartitions: count(),
      droppedBytes: count(),
    }),
  }) satisfies z.ZodType<api.System>,
);

export const config = name('Config', z.looseObject({ port: count(), database: z.string() }));

export const enrolToken = name('EnrolToken', z.strictObject({ token: z.string(), expiresAt: time() }));
