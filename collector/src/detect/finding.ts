// What a detector says: one finding for one thing that goes on, however many observations speak of it.
import type { HostKey } from './observation.ts';

/** From least to most. */
export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** One number or word behind a finding, with what it was held against. */
export interface Evidence {
  /** "Ports probed", "Median interval". */
  label: string;
  value: number | string;
  unit?: 'bytes' | 'seconds' | 'permille' | 'per-second' | 'count';
  /** The threshold or baseline that it was compared with. */
  against?: number | string;
}

/** Where to look: ids and names as the observations had them; at most 20 of each. */
export interface FindingLinks {
  connections?: string[];
  dns?: string[];
  processes?: string[];
  names?: string[];
  addresses?: string[];
}

/** The same host, detector and key again is the same finding: it grows. */
export interface FindingDraft {
  host: HostKey;
  /** What makes it this one and no other: the scanner, the process and destination … Stable over restarts and replays. */
  key: readonly string[];
  severity: Severity;
  /** 0 … 1: how sure, or how strong; comparable within one detector only. */
  score: number;
  /** One sentence for people: "203.0.113.7 probed 1,000 ports of this host in 12 s". */
  summary: string;
  /** The far end: an address or name; empty = none. */
  peer: string;
  process: string;
  startUs: number;
  endUs: number;
  /** How many observations or things it counts, in all so far. */
  count: number;
  evidence: readonly Evidence[];
  links: FindingLinks;
}
