// Severities and states of findings: their order and the words for them.
import type { FindingState, SeverityCounts, SeverityName } from '@foretop/proto/api';

/** The gravest first, as people read them. */
export const severities = ['critical', 'high', 'medium', 'low'] as const satisfies readonly SeverityName[];

/** How many of the ladder's four bars are lit. */
export const rungs: Readonly<Record<SeverityName, number>> = { critical: 4, high: 3, medium: 2, low: 1 };

export const severityWords: Readonly<Record<SeverityName, string>> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
};

export const stateWords: Readonly<Record<FindingState, string>> = {
  new: 'New',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
  muted: 'Muted',
};

export const stateOrder: readonly FindingState[] = ['new', 'acknowledged', 'muted', 'resolved'];

export const sumOf = (counts: SeverityCounts): number => severities.reduce((sum, name) => sum + counts[name], 0);

/** The gravest that there is any of. */
export const gravest = (counts: SeverityCounts): SeverityName | undefined =>
  severities.find((name) => counts[name] > 0);
