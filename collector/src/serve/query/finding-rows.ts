// Stored findings as the API writes them.
import type {
  Finding,
  FindingEvent,
  FindingEvidence,
  FindingHost,
  FindingLinks,
  FindingOnHost,
} from '@foretop/proto/api';
import type { Detector } from '../../detect/detector.ts';
import { severities } from '../../detect/finding.ts';
import type { FindingGroupRow, FindingOnHostRow, FindingTimelineRow } from '../../store/queries/findings-list.ts';
import type { FindingEvidenceJson, FindingLinksJson } from '../../store/schema-findings.ts';

/** What is told of the detector; of one that is no longer there, its id. */
export type DetectorOf = (id: string) => Pick<Detector, 'title' | 'technique'> | undefined;

const iso = (us: number) => new Date(us / 1000).toISOString();

/** `hosts` are those of the group, the last seen first; there is at least one. */
export function findingOf(
  group: FindingGroupRow,
  hosts: readonly FindingOnHostRow[],
  detectorOf: DetectorOf,
  mostHosts: number,
): Finding {
  const last = hosts[0]!;
  const detector = detectorOf(last.detector);
  return {
    id: group.groupKey,
    detector: last.detector,
    title: detector?.title ?? last.detector,
    technique: detector?.technique ?? { id: '', name: '' },
    severity: severities[group.severity]!,
    state: group.state,
    score: group.score,
    summary: last.summary,
    peer: last.peer || null,
    process: last.process || null,
    firstSeenAt: iso(group.firstSeenUs),
    lastSeenAt: iso(group.lastSeenUs),
    count: group.count,
    reopened: group.reopened,
    note: last.note || null,
    mutedBy: last.mutedBy,
    evidence: last.evidence.map(evidenceOf),
    hosts: hosts.slice(0, mostHosts).map(hostOf),
    hostCount: group.hostCount,
  };
}

function hostOf(row: FindingOnHostRow): FindingHost {
  return {
    hostId: row.hostId,
    hostName: row.hostName,
    state: row.state,
    severity: severities[row.severity]!,
    count: row.earlierCount + row.episodeCount,
    firstSeenAt: iso(row.firstSeenUs),
    lastSeenAt: iso(row.lastSeenUs),
  };
}

export function onHostOf(row: FindingOnHostRow): FindingOnHost {
  return {
    ...hostOf(row),
    score: row.score,
    summary: row.summary,
    process: row.process || null,
    executable: row.executable || null,
    evidence: row.evidence.map(evidenceOf),
    links: linksOf(row.hostId, row.links),
    note: row.note || null,
    stateBy: row.stateBy || null,
    stateAt: iso(row.stateAtUs),
    mutedBy: row.mutedBy,
    reopened: row.reopened,
  };
}

export function eventOf({ atUs, severity, by, evidence, ...row }: FindingTimelineRow): FindingEvent {
  return {
    ...row,
    at: iso(atUs),
    by: by || null,
    severity: severities[severity]!,
    evidence: evidence.map(evidenceOf),
  };
}

function evidenceOf({ label, value, unit, against }: FindingEvidenceJson): FindingEvidence {
  return { label, value, unit: unit ?? null, against: against ?? null };
}

/** Ids as the lists have them; detectors know them in decimal. */
function linksOf(hostId: number, links: FindingLinksJson): FindingLinks {
  const rows = (ids: readonly string[] | undefined) =>
    (ids ?? []).filter((id) => /^-?\d{1,19}$/.test(id)).map((id) => `${hostId}-${hexOf(id)}`);
  return {
    connections: rows(links.connections),
    dns: rows(links.dns),
    processes: rows(links.processes),
    names: links.names ?? [],
    addresses: links.addresses ?? [],
  };
}

const hexOf = (decimal: string) => BigInt.asUintN(64, BigInt(decimal)).toString(16).padStart(16, '0');
