// Answers about findings, detectors, suppression rules and backtests as schemas. Types: proto/src/api-findings.ts.
import type * as api from '@foretop/proto/api';
import { z } from 'zod';
import { count, hostId, list, name, rowId, time } from './schema-parts.ts';

export const severityNames = ['low', 'medium', 'high', 'critical'] as const satisfies api.SeverityName[];
export const findingStates = ['new', 'acknowledged', 'resolved', 'muted'] as const satisfies api.FindingState[];
const severity = z.enum(severityNames);
const state = z.enum(findingStates);
const findingId = () => z.string().regex(/^[0-9a-f]{32}$/);
const technique = z.strictObject({ id: z.string(), name: z.string() }).describe('MITRE ATT&CK.');
const numberOrText = z.union([z.number(), z.string()]);

const evidence = name(
  'FindingEvidence',
  z.strictObject({
    label: z.string(),
    value: numberOrText,
    unit: z.enum(['bytes', 'seconds', 'permille', 'per-second', 'count']).nullable(),
    against: numberOrText.nullable().describe('The threshold or baseline that it was compared with.'),
  }) satisfies z.ZodType<api.FindingEvidence>,
);

const onHost = {
  hostId: hostId(),
  hostName: z.string(),
  state,
  severity,
  count: count(),
  firstSeenAt: time(),
  lastSeenAt: time(),
};

export const finding = name(
  'Finding',
  z.strictObject({
    id: findingId().describe('The same thing on every host, and after a restart.'),
    detector: z.string(),
    title: z.string(),
    technique,
    severity: severity.describe("The highest of its hosts'."),
    state: state.describe('new where any of its hosts has it new, else acknowledged, muted, resolved in that order.'),
    score: z.number().min(0).max(1),
    summary: z.string().describe('Of the host that had it last, as are process, evidence and note.'),
    peer: z.string().nullable(),
    process: z.string().nullable(),
    firstSeenAt: time(),
    lastSeenAt: time(),
    count: count(),
    reopened: count().describe('How often it came back after it had been resolved.'),
    note: z.string().nullable(),
    mutedBy: z.int().nullable().describe('The suppression rule that mutes it.'),
    evidence: z.array(evidence),
    hosts: z.array(z.strictObject(onHost)).describe('The last seen first, at most 20.'),
    hostCount: count(),
  }) satisfies z.ZodType<api.Finding>,
);

export const findingList = name(
  'FindingList',
  z.strictObject({
    ...list(finding),
    total: count().nullable().describe('What the filter finds in all; null beyond 10,000.'),
  }) satisfies z.ZodType<api.FindingList>,
);

const links = z.strictObject({
  connections: z.array(rowId()),
  dns: z.array(rowId()),
  processes: z.array(rowId()),
  names: z.array(z.string()),
  addresses: z.array(z.string()),
});

const eventKinds = [
  ...['opened', 'grew', 'worsened', 'reopened', 'acknowledged', 'resolved', 'muted', 'unmuted', 'noted'],
] as api.FindingEventKind[];

export const findingDetail = name(
  'FindingDetail',
  z.strictObject({
    asOf: time(),
    finding,
    hosts: z.array(
      z.strictObject({
        ...onHost,
        score: z.number().min(0).max(1),
        summary: z.string(),
        process: z.string().nullable(),
        executable: z.string().nullable(),
        evidence: z.array(evidence),
        links,
        note: z.string().nullable(),
        stateBy: z.string().nullable().describe('null: the detector, or a rule.'),
        stateAt: time(),
        mutedBy: z.int().nullable(),
        reopened: count(),
      }),
    ),
    timeline: z
      .array(
        z.strictObject({
          at: time(),
          hostId: hostId(),
          kind: z.enum(eventKinds),
          by: z.string().nullable(),
          severity,
          count: count(),
          text: z.string(),
          evidence: z.array(evidence),
        }),
      )
      .describe('The newest first, at most 200.'),
    description: z.string(),
    falsePositives: z.string(),
    advice: z.array(z.string()),
  }) satisfies z.ZodType<api.FindingDetail>,
);

export const findingsChanged = name(
  'FindingsChanged',
  z.strictObject({ changed: count().describe('Findings on hosts.') }) satisfies z.ZodType<api.FindingsChanged>,
);

const bySeverity = z.strictObject({ low: count(), medium: count(), high: count(), critical: count() });

export const findingSummary = name(
  'FindingSummary',
  z.strictObject({
    asOf: time(),
    states: z.strictObject({ new: bySeverity, acknowledged: bySeverity, resolved: bySeverity, muted: bySeverity }),
    hosts: z.array(z.strictObject({ hostId: hostId(), new: bySeverity })),
  }) satisfies z.ZodType<api.FindingSummary>,
);

export const detector = name(
  'Detector',
  z.strictObject({
    id: z.string(),
    title: z.string(),
    technique,
    severity: severity.describe('The highest that it gives.'),
    description: z.string(),
    falsePositives: z.string(),
    advice: z.array(z.string()),
    on: z.boolean(),
    onByDefault: z.boolean(),
    thresholds: z.array(
      z.strictObject({
        name: z.string(),
        value: z.number(),
        default: z.number(),
        least: z.number(),
        most: z.number(),
        unit: z.enum(['count', 'bytes', 'seconds', 'permille', 'score', 'per-second']),
        meaning: z.string(),
        source: z.string(),
      }),
    ),
    failure: z
      .strictObject({ at: time(), message: z.string() })
      .nullable()
      .describe('It failed and is off until it is switched on again or the collector starts anew.'),
    learnt: z
      .strictObject({ hosts: count(), ready: count(), share: z.number().min(0).max(1) })
      .nullable()
      .describe('How much it has learnt of how many hosts, and how many it knows well enough to judge.'),
    cpuSeconds: z.number().min(0),
    observations: count(),
    openFindings: count(),
  }) satisfies z.ZodType<api.Detector>,
);

export const detectorList = name(
  'DetectorList',
  z.strictObject({
    ...list(detector),
    cpuSeconds: z.number().min(0),
    cpuShare: z.number().min(0).describe("Of the collector's CPU time."),
    droppedObservations: count(),
    restoring: z.boolean(),
  }) satisfies z.ZodType<api.DetectorList>,
);

export const suppression = name(
  'Suppression',
  z.strictObject({
    id: z.int().min(1),
    detector: z.string().nullable(),
    hostIds: z.array(hostId()),
    labels: z.array(z.string()),
    process: z.string().nullable(),
    peer: z.string().nullable(),
    mostSevere: severity,
    reason: z.string(),
    expiresAt: time().nullable(),
    createdBy: z.string(),
    createdAt: time(),
    muted: count().describe('Findings on hosts that it mutes at the moment, in sight.'),
  }) satisfies z.ZodType<api.Suppression>,
);
export const suppressionList = name('SuppressionList', z.strictObject(list(suppression)));

export const suppressionPreview = name(
  'SuppressionPreview',
  z.strictObject({
    matching: count(),
    open: count(),
    examples: z.array(
      z.strictObject({ id: findingId(), hostId: hostId(), hostName: z.string(), severity, summary: z.string() }),
    ),
  }) satisfies z.ZodType<api.SuppressionPreview>,
);

const backtestResult = z.strictObject({
  detector: z.string(),
  from: time(),
  to: time(),
  observations: count(),
  seconds: z.number().min(0),
  hosts: count(),
  findings: count(),
  groups: count(),
  bySeverity,
  perHostPerDay: z.number().min(0),
  notablePerHostPerDay: z.number().min(0).describe('Of medium and above.'),
  noisiest: z.array(z.strictObject({ hostId: hostId(), hostName: z.string(), findings: count() })),
  examples: z.array(
    z.strictObject({
      hostId: hostId(),
      hostName: z.string(),
      severity,
      score: z.number(),
      summary: z.string(),
      peer: z.string().nullable(),
      process: z.string().nullable(),
      firstSeenAt: time(),
      lastSeenAt: time(),
      count: count(),
      evidence: z.array(evidence),
    }),
  ),
  cut: z.boolean().describe('It ends earlier than asked, since it read as much as a backtest may.'),
}) satisfies z.ZodType<api.BacktestResult>;

export const backtestEvent = name(
  'BacktestEvent',
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('progress'),
      share: z.number().min(0).max(1),
      observations: count(),
      findings: count(),
    }),
    z.strictObject({ kind: z.literal('result'), result: backtestResult }),
    z.strictObject({ kind: z.literal('failed'), message: z.string() }),
  ]) satisfies z.ZodType<api.BacktestEvent>,
);
