// How long each table keeps its rows, in days.

export interface Retention {
  connection_segment: number;
  dns_exchange: number;
  scan_evidence: number;
  metric_chunk: number;
  metric_1m: number;
  process_1m: number;
  process: number;
  gap: number;
  /** Once it is settled: after it was last seen or settled, whichever was later. */
  finding: number;
}

export const defaultRetention: Retention = {
  connection_segment: 14,
  dns_exchange: 14,
  scan_evidence: 30,
  metric_chunk: 3,
  metric_1m: 90,
  process_1m: 90,
  process: 90,
  gap: 90,
  finding: 90,
};
