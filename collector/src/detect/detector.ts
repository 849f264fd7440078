// The contract of a detector: what it looks at, by which thresholds, and how it is run, saved and put back.
import type { FindingDraft, Severity } from './finding.ts';
import type { HostKey, Observation, ObservationKind } from './observation.ts';

export interface Threshold {
  default: number;
  unit: 'count' | 'bytes' | 'seconds' | 'permille' | 'score' | 'per-second';
  /** Lowest and highest that may be set. */
  range: readonly [number, number];
  /** What it decides, in one sentence. */
  meaning: string;
  /** Where the default comes from: a paper, a standard, a measurement of docs/detection.md. */
  source: string;
}

/** MITRE ATT&CK. */
export interface Technique {
  /** "T1046" */
  id: string;
  name: string;
}

/** What detectors may ask beside their observations. Answers come from memory: they never wait. */
export interface Knowledge {
  /** Of an address; undefined fields are not known (private addresses have none). */
  place(address: string): { country?: string; city?: string; asn?: number; organisation?: string };
  /** The part of a name that somebody registered ("example.co.uk"); undefined for a public suffix or an address. */
  registrableDomain(name: string): string | undefined;
  /** The list that names it, or undefined. */
  listed(what: { address?: string; name?: string }): { list: string; entry: string } | undefined;
  /** How many hosts of the fleet were seen with this ("destination", "example.org"), and of how many hosts in all. */
  prevalence(kind: 'destination' | 'executable' | 'asn' | 'country', value: string): { hosts: number; fleet: number };
  /** In which the host says it is, of the IANA database; empty = not known, and taken as UTC. */
  timeZone(host: HostKey): string;
}

export interface DetectorContext<Names extends string = string> {
  thresholds: Readonly<Record<Names, number>>;
  knowledge: Knowledge;
  /** May be called again and again for a finding that grows. */
  emit(draft: FindingDraft): void;
}

/** One running detector for all hosts. Memory is bounded by constants of its own, however hostile the hosts. */
export interface DetectorRun {
  observe(observation: Observation): void;
  /** Time has come this far for everybody; called at least every 10 s of it. Findings that need the absence of something come here. */
  advance(nowUs: number): void;
  /** What restore needs to go on, JSON, at most 256 KiB; undefined = nothing worth keeping. */
  save(host: HostKey): unknown;
  /** Anything that save did not write is ignored. */
  restore(host: HostKey, state: unknown): void;
  forget(host: HostKey): void;
  /** Of one that learns: how much it knows of this host, 0 … 1; from 1 on it judges. undefined = nothing yet. */
  learnt?(host: HostKey): number | undefined;
}

export interface Detector<Names extends string = string> {
  /** "port-scan" */
  id: string;
  /** "Port scan" */
  title: string;
  technique: Technique;
  /** The highest that it gives. */
  severity: Severity;
  consumes: readonly ObservationKind[];
  thresholds: Readonly<Record<Names, Threshold>>;
  /** What it looks for, in two or three sentences. */
  description: string;
  /** What innocent things look like it, and what keeps them out. */
  falsePositives: string;
  /** What to do, one step a line. */
  advice: readonly string[];
  /** Whether it runs before anybody switched it on. */
  onByDefault: boolean;
  start(context: DetectorContext<Names>): DetectorRun;
}
