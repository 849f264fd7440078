// What whoever finds things tells about a finding that began or changed, and where it is handed in.
import type { FindingChangeKind, NotificationSeverity } from '@foretop/proto/api';

/** From least to most. */
export const severities = ['low', 'medium', 'high', 'critical'] as const satisfies readonly NotificationSeverity[];

/** One change of one finding. Names and texts may be a host's claim: they are cleaned and bounded here. */
export interface FindingChange {
  change: FindingChangeKind;
  /** As the REST API shows it. */
  findingId: string;
  hostId: number;
  severity: NotificationSeverity;
  /** "port-scan" and "Port scan" */
  detector: string;
  title: string;
  technique: { id: string; name: string };
  /** One sentence for people. */
  summary: string;
  /** The far end; empty = none. */
  peer: string;
  process: string;
  startUs: number;
  endUs: number;
  count: number;
  /** 0 … 1 */
  score: number;
}

export interface FindingSink {
  /** Told after the commit. They are in the tables at once; while the database is away they wait in memory, so many at most. */
  findings(changes: readonly FindingChange[]): void;
}
