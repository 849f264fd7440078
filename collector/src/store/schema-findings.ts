// The tables of detection as Kysely sees them; part of schema.ts.
import type { FindingEventKind, FindingState } from '@foretop/proto/api';
import type { ColumnType, Generated } from 'kysely';
import type { Int8, NullableTimestamp, Timestamp } from './schema.ts';

export interface FindingTables {
  finding: {
    host_id: number;
    /** Hash of detector and key: the same thing on every host. */
    group_key: string;
    detector: string;
    key: string[];
    /** 0 low … 3 critical. */
    severity: number;
    state: FindingState;
    score: number;
    summary: string;
    peer: string;
    process: string;
    executable: string;
    first_seen_at: Timestamp;
    last_seen_at: Timestamp;
    /** Of the newest time that it went on without a break. */
    episode_start: Timestamp;
    episode_count: Int8;
    /** Of the episodes before. */
    earlier_count: Int8;
    /** The count at the timeline's newest entry. */
    told_count: Int8;
    evidence: ColumnType<FindingEvidenceJson[], string, string>;
    links: ColumnType<FindingLinksJson, string, string>;
    note: Generated<string>;
    state_by: Generated<string>;
    state_at: Timestamp;
    /** What a rule mutes. */
    state_before: FindingState | null;
    muted_by: number | null;
    reopened: Generated<number>;
  };
  finding_event: {
    host_id: number;
    group_key: string;
    at: Timestamp;
    kind: FindingEventKind;
    by_whom: string;
    severity: number;
    count: Int8;
    text: string;
    evidence: ColumnType<FindingEvidenceJson[], string, string>;
  };
  suppression: {
    suppression_id: Generated<number>;
    detector: string | null;
    host_ids: number[];
    labels: string[];
    process: string | null;
    peer: string | null;
    most_severe: number;
    reason: string;
    created_by: string;
    created_at: Timestamp;
    expires_at: NullableTimestamp;
  };
  detector_setting: {
    detector: string;
    is_on: boolean;
    thresholds: ColumnType<Record<string, number>, string, string>;
    changed_by: string;
    changed_at: Timestamp;
  };
  /** The transaction (xid8) of ingest up to which a host's saved states know everything. */
  detect_position: { host_id: number; transaction_id: Int8; at: Timestamp };
  /** JSON, a long one as zstd; host 0: of the fleet. */
  detect_state: { host_id: number; part: string; state: Buffer; saved_at: Timestamp };
}

/** As a detector told it. */
export interface FindingEvidenceJson {
  label: string;
  value: number | string;
  unit?: 'bytes' | 'seconds' | 'permille' | 'per-second' | 'count';
  against?: number | string;
}

/** Decimal ids. */
export interface FindingLinksJson {
  connections?: string[];
  dns?: string[];
  processes?: string[];
  names?: string[];
  addresses?: string[];
}
