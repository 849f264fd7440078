// Resources of the REST API about findings, detectors, suppression rules and backtests. Part of api.ts.
import type { List } from './api.ts';

export type SeverityName = 'low' | 'medium' | 'high' | 'critical';
export type FindingState = 'new' | 'acknowledged' | 'resolved' | 'muted';

/** One number or word behind a finding, with what it was held against. */
export interface FindingEvidence {
  label: string;
  value: number | string;
  unit: 'bytes' | 'seconds' | 'permille' | 'per-second' | 'count' | null;
  /** The threshold or baseline that it was compared with. */
  against: number | string | null;
}

/** Where to look; at most 20 of each. */
export interface FindingLinks {
  /** Ids as the lists of connections, DNS exchanges and processes have them: `<hostId>-<16 hex digits>`. */
  connections: string[];
  dns: string[];
  processes: string[];
  names: string[];
  addresses: string[];
}

/** A finding on one of its hosts. */
export interface FindingHost {
  hostId: number;
  hostName: string;
  state: FindingState;
  severity: SeverityName;
  count: number;
  firstSeenAt: string;
  lastSeenAt: string;
}

/** One thing that goes on, on however many hosts: the same scanner, destination or program is one finding. */
export interface Finding {
  /** 32 hex digits, the same after a restart. */
  id: string;
  /** Of the detector: id, title, MITRE ATT&CK technique. */
  detector: string;
  title: string;
  technique: { id: string; name: string };
  /** The highest of its hosts'. */
  severity: SeverityName;
  /** new where any of its hosts has it new, else acknowledged, muted, resolved in that order. */
  state: FindingState;
  /** 0 to 1; comparable within one detector only. */
  score: number;
  /** Of the host that had it last, as are process, evidence and note. */
  summary: string;
  /** The far end, an address or a name; null = none. */
  peer: string | null;
  process: string | null;
  firstSeenAt: string;
  lastSeenAt: string;
  /** Of what it counts, over its hosts. */
  count: number;
  /** How often it came back after it had been resolved. */
  reopened: number;
  note: string | null;
  /** The rule that mutes it; null = none, or a person did. */
  mutedBy: number | null;
  evidence: FindingEvidence[];
  /** Those in sight that the filter takes, the last first, at most 20. */
  hosts: FindingHost[];
  hostCount: number;
}

export interface FindingList extends List<Finding> {
  /** What the filter finds in all; null beyond 10,000. */
  total: number | null;
}

export type FindingEventKind =
  'opened' | 'grew' | 'worsened' | 'reopened' | 'acknowledged' | 'resolved' | 'muted' | 'unmuted' | 'noted';

/** One entry of a finding's timeline. */
export interface FindingEvent {
  at: string;
  hostId: number;
  kind: FindingEventKind;
  /** Who did it; null = the detector. */
  by: string | null;
  /** As they were then. */
  severity: SeverityName;
  count: number;
  /** The finding's sentence then; of a note or a muting rule, its text. */
  text: string;
  evidence: FindingEvidence[];
}

export interface FindingOnHost extends FindingHost {
  score: number;
  summary: string;
  process: string | null;
  executable: string | null;
  evidence: FindingEvidence[];
  links: FindingLinks;
  note: string | null;
  /** Who set the state, and when; null = the detector. */
  stateBy: string | null;
  stateAt: string;
  mutedBy: number | null;
  reopened: number;
}

export interface FindingDetail {
  asOf: string;
  finding: Finding;
  /** The last first, at most 100. */
  hosts: FindingOnHost[];
  /** Of all its hosts in sight, the newest first, at most 200. */
  timeline: FindingEvent[];
  /** Of the detector: what it looks for, what innocent things look like it, what to do. */
  description: string;
  falsePositives: string;
  advice: string[];
}

/** Body of PATCH /findings/{id}: what is left out stays. */
export interface FindingChange {
  state?: FindingState;
  note?: string;
  /** Only on these hosts; without, on all in sight. */
  hosts?: number[];
}

/** Body of PATCH /findings. */
export interface FindingsChange {
  ids: string[];
  state: FindingState;
}

export interface FindingsChanged {
  /** Of findings on hosts. */
  changed: number;
}

export type SeverityCounts = Record<SeverityName, number>;

/** Findings (not hosts) by state and severity, in sight. */
export interface FindingSummary {
  asOf: string;
  states: Record<FindingState, SeverityCounts>;
  /** Hosts that have new ones, at most 10,000: how many of each severity. */
  hosts: { hostId: number; new: SeverityCounts }[];
}

export interface DetectorThreshold {
  name: string;
  value: number;
  default: number;
  least: number;
  most: number;
  unit: 'count' | 'bytes' | 'seconds' | 'permille' | 'score' | 'per-second';
  meaning: string;
  source: string;
}

export interface Detector {
  id: string;
  title: string;
  technique: { id: string; name: string };
  /** The highest that it gives. */
  severity: SeverityName;
  description: string;
  falsePositives: string;
  advice: string[];
  on: boolean;
  onByDefault: boolean;
  thresholds: DetectorThreshold[];
  /** It threw and was switched off until it is switched on again or the collector starts anew. */
  failure: { at: string; message: string } | null;
  /** How much it has learnt, over the hosts it knows; null = it does not learn. */
  learnt: { hosts: number; ready: number; share: number } | null;
  /** Since the collector's start. */
  cpuSeconds: number;
  observations: number;
  /** New and acknowledged ones, in sight, as the list has them: one that several hosts have counts once. */
  openFindings: number;
}

export interface DetectorList extends List<Detector> {
  /** Of the whole of detection since the collector's start. */
  cpuSeconds: number;
  /** Of the collector's CPU time, 0 to 1. */
  cpuShare: number;
  /** Observations that detection had no room for. */
  droppedObservations: number;
  /** It still reads again what came before the start. */
  restoring: boolean;
}

/** Body of PUT /detectors/{id}; thresholds that are left out get their default. */
export interface DetectorSettings {
  on: boolean;
  thresholds: Record<string, number>;
}

/** All conditions that are set must hold; null and empty lists are not set. At least one besides the severity is. */
export interface SuppressionRule {
  detector: string | null;
  hostIds: number[];
  labels: string[];
  /** A process's name or path, or its executable's; * stands for anything. */
  process: string | null;
  /** An address, a network (10.0.0.0/8), or the end of a name (example.org also means www.example.org). */
  peer: string | null;
  /** Findings of a higher severity are not muted. */
  mostSevere: SeverityName;
  reason: string;
  expiresAt: string | null;
}

export interface Suppression extends SuppressionRule {
  id: number;
  createdBy: string;
  createdAt: string;
  /** Findings on hosts that it mutes at the moment, in sight. */
  muted: number;
}

/** What a rule would mute, of what is stored. */
export interface SuppressionPreview {
  /** Findings on hosts, and of those the ones that are new or acknowledged. */
  matching: number;
  open: number;
  examples: { id: string; hostId: number; hostName: string; severity: SeverityName; summary: string }[];
}

/** Body of POST /detectors/{id}/backtest; thresholds that are left out are as they are set. */
export interface BacktestRequest {
  from: string;
  to: string;
  thresholds?: Record<string, number>;
  hosts?: number[];
}

/** Lines of its answer (application/jsonl): progress, then one result or failure. */
export type BacktestEvent =
  | { kind: 'progress'; /** 0 to 1 */ share: number; observations: number; findings: number }
  | { kind: 'result'; result: BacktestResult }
  | { kind: 'failed'; message: string };

export interface BacktestResult {
  detector: string;
  from: string;
  to: string;
  observations: number;
  seconds: number;
  hosts: number;
  /** Findings on hosts, and as the list would group them. */
  findings: number;
  groups: number;
  bySeverity: SeverityCounts;
  perHostPerDay: number;
  /** Of medium and above. */
  notablePerHostPerDay: number;
  /** Hosts with most findings, at most 10. */
  noisiest: { hostId: number; hostName: string; findings: number }[];
  /** The strongest first, at most 20. */
  examples: {
    hostId: number;
    hostName: string;
    severity: SeverityName;
    score: number;
    summary: string;
    peer: string | null;
    process: string | null;
    firstSeenAt: string;
    lastSeenAt: string;
    count: number;
    evidence: FindingEvidence[];
  }[];
  /** The most observations that a backtest reads were reached: it ends earlier than asked. */
  cut: boolean;
}
