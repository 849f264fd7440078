// Findings of a replay as lines for a program, and as rows for a person.
import type { ReplayedFinding } from './replayed-findings.ts';

/** Microseconds, which Date does not have. */
function isoTime(timeUs: number): string {
  const wholeMs = Math.floor(timeUs / 1_000);
  // The largest that Date can show.
  if (!(Math.abs(wholeMs) <= 8.64e15)) return isoTime(0);
  const micros = String(Math.round(timeUs - wholeMs * 1_000)).padStart(3, '0');
  return new Date(wholeMs).toISOString().replace('Z', `${micros}Z`);
}

export function findingLine({ detector, draft }: ReplayedFinding): string {
  return JSON.stringify({
    kind: 'finding',
    detector: detector.id,
    severity: draft.severity,
    technique: detector.technique.id,
    host: draft.host,
    peer: draft.peer,
    start: isoTime(draft.startUs),
    end: isoTime(draft.endUs),
    score: Math.round(draft.score * 1_000) / 1_000,
    summary: draft.summary,
    count: draft.count,
    evidence: draft.evidence,
  });
}

export const findingHeading = ['START (UTC)', 'SEVERITY', 'WHAT', 'HOST', 'PEER', 'IN WORDS'];

export function findingRow({ detector, draft }: ReplayedFinding): string[] {
  const start = isoTime(draft.startUs).slice(0, 19).replace('T', ' ');
  return [start, draft.severity, detector.title, draft.host, draft.peer, draft.summary];
}
