// Suppression rules: as one is drafted, in words, and what of it is still to be filled in.
import type { FindingDetail, FindingOnHost, SeverityName, SuppressionRule } from '@foretop/proto/api';
import { severityWords } from './severity.ts';

/** As a form holds it: texts as typed, `hosts` undefined for all. */
export interface RuleDraft {
  detector: string;
  hostIds: number[];
  /** Words with spaces between. */
  labels: string;
  process: string;
  peer: string;
  mostSevere: SeverityName;
  reason: string;
  /** Days from now; '' = until somebody removes it; 'kept' = as it is. */
  expires: string;
}

export const lives = [
  { value: '1', words: '24 h' },
  { value: '7', words: '7 days' },
  { value: '30', words: '30 days' },
  { value: '90', words: '90 days' },
  { value: '', words: 'as long as it stands' },
] as const;

export const emptyDraft = (): RuleDraft => ({
  detector: '',
  hostIds: [],
  labels: '',
  process: '',
  peer: '',
  mostSevere: 'critical',
  reason: '',
  expires: '30',
});

/** The narrowest rule that takes this finding on this host. */
export const draftOf = ({ finding }: FindingDetail, on: FindingOnHost): RuleDraft => ({
  ...emptyDraft(),
  detector: finding.detector,
  hostIds: finding.hostCount === 1 ? [on.hostId] : [],
  process: on.executable ?? on.process ?? '',
  peer: finding.peer ?? '',
  mostSevere: finding.severity,
});

export const draftOfRule = (rule: SuppressionRule): RuleDraft => ({
  detector: rule.detector ?? '',
  hostIds: [...rule.hostIds],
  labels: rule.labels.join(' '),
  process: rule.process ?? '',
  peer: rule.peer ?? '',
  mostSevere: rule.mostSevere,
  reason: rule.reason,
  expires: rule.expiresAt === null ? '' : 'kept',
});

const dayMs = 86_400_000;

/** `kept`: the end that the rule has so far. */
export function ruleOf(draft: RuleDraft, nowMs: number, kept: string | null): SuppressionRule {
  const text = (value: string) => value.trim() || null;
  const days = Number(draft.expires);
  return {
    detector: text(draft.detector),
    hostIds: draft.hostIds,
    labels: draft.labels.split(/[\s,]+/).filter(Boolean),
    process: text(draft.process),
    peer: text(draft.peer),
    mostSevere: draft.mostSevere,
    reason: draft.reason.trim(),
    expiresAt: draft.expires === 'kept' ? kept : days > 0 ? new Date(nowMs + days * dayMs).toISOString() : null,
  };
}

/** A rule without any condition would mute everything. */
export const hasCondition = ({ detector, hostIds, labels, process, peer }: SuppressionRule): boolean =>
  detector !== null || hostIds.length > 0 || labels.length > 0 || process !== null || peer !== null;

/** "Port scan, on web-07, far end 10.0.0.0/8, up to high". */
export function ruleWords(
  rule: SuppressionRule,
  titleOf: (detector: string) => string,
  hostName: (hostId: number) => string,
): string {
  const hosts = rule.hostIds.slice(0, 3).map(hostName).join(', ');
  const more = rule.hostIds.length > 3 ? ` and ${rule.hostIds.length - 3} more` : '';
  return [
    rule.detector === null ? 'Any type' : titleOf(rule.detector),
    hosts && `on ${hosts}${more}`,
    rule.labels.length > 0 && `on hosts with the label ${rule.labels.join(' or ')}`,
    rule.process !== null && `process ${rule.process}`,
    rule.peer !== null && `far end ${rule.peer}`,
    rule.mostSevere !== 'critical' && `up to ${severityWords[rule.mostSevere].toLowerCase()}`,
  ]
    .filter(Boolean)
    .join(', ');
}
