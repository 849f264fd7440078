// Answers that tell what passed as schemas: DNS exchanges, scan evidence, coverage. Types: proto/src/api-traces.ts.
import type * as api from '@foretop/proto/api';
import { z } from 'zod';
import { rowPlace } from './place-schemas.ts';
import {
  container,
  count,
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

export const dnsExchange = name(
  'DnsExchange',
  z.strictObject({
    id: rowId(),
    hostId: hostId(),
    askedAt: time(),
    answered: z.boolean(),
    latencyUs: unknownable().describe('null unless question and answer were both seen.'),
    pid: unknownable(),
    process: z.string().nullable(),
    processId: rowId().nullable(),
    unit: z.string().nullable(),
    container: container.nullable(),
    connectionId: rowId().nullable(),
    transport: z.enum(['udp', 'tcp']),
    kind: z.enum(['dns', 'mdns', 'llmnr']),
    role: z.enum(['client', 'server']).describe('Whether the process asked or was asked.'),
    forwarded: z
      .boolean()
      .describe('A resolver on the host asked on behalf of others, whose own questions are rows too.'),
    peerAddress: z.string().describe('The resolver; in the role server, who asked.'),
    peerPort: count(),
    name: z.string(),
    type: z.string(),
    rcode: z.string().nullable(),
    truncated: z.boolean(),
    addresses: z.array(z.string()),
    places: z.array(rowPlace.nullable()).describe('Of the addresses, in their order; null = not known.'),
    canonicalNames: z.array(z.string()),
    queryBytes: unknownable(),
    answerBytes: unknownable(),
    count: z.int().min(1).describe('How many equal exchanges this row folds.'),
  }) satisfies z.ZodType<api.DnsExchange>,
);

export const scanEvidence = name(
  'ScanEvidence',
  z.strictObject({
    id: rowId(),
    hostId: hostId(),
    startedAt: time(),
    endedAt: time(),
    kind: z.enum(['syn', 'fin', 'null', 'xmas', 'udp', 'half-open']),
    sourceAddress: z.string().describe('As the packets say, so it can be forged.'),
    localAddress: z.string(),
    localPort: unknownable().describe('null in a row that folds many ports.'),
    ports: z.int().min(1),
    packets: count(),
  }) satisfies z.ZodType<api.ScanEvidence>,
);

export const coveragePoint = name(
  'CoveragePoint',
  z.strictObject({
    time: time(),
    coverage: z.number().min(0).max(1).nullable(),
    socketBytes: unknownable(),
    interfaceBytes: unknownable(),
    forwardedBytes: unknownable(),
    eventsLost: unknownable(),
    missingSeconds: count(),
    lateSeconds: count(),
    backfilledSeconds: count(),
  }) satisfies z.ZodType<api.CoveragePoint>,
);

export const dnsList = name(
  'DnsList',
  z.strictObject({
    ...list(dnsExchange),
    ...span,
    unknown: z.array(unknownSpan),
  }) satisfies z.ZodType<api.DnsList>,
);
const exchanges = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.array(z.strictObject({ ...shape, exchanges: count() }));
export const dnsFacets = name(
  'DnsFacets',
  z.strictObject({
    asOf: time(),
    ...span,
    total: count(),
    answered: count(),
    nxdomainShare: z.number().min(0).max(1).nullable(),
    latencyP50Us: unknownable(),
    latencyP95Us: unknownable(),
    names: exchanges({ name: z.string() }),
    processes: exchanges({ process: z.string() }),
    types: exchanges({ type: z.string() }),
    rcodes: exchanges({ rcode: z.string() }),
    hosts: exchanges({ hostId: hostId(), name: z.string() }),
    resolvers: exchanges({ address: z.string() }),
    unknown: z.array(unknownSpan),
  }) satisfies z.ZodType<api.DnsFacets>,
);
export const scanList = name(
  'ScanList',
  z.strictObject({
    ...list(scanEvidence),
    ...span,
    unknown: z.array(unknownSpan),
  }) satisfies z.ZodType<api.ScanList>,
);
export const coverage = name(
  'Coverage',
  z.strictObject({
    ...list(coveragePoint),
    ...span,
    stepSeconds: z.int().min(60),
    ...gaps,
  }) satisfies z.ZodType<api.Coverage>,
);
