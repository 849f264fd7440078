// What the detectors said in a replay, each finding once and in its last form.
import type { Detector } from '../detector.ts';
import { type FindingDraft, severities } from '../finding.ts';

export interface ReplayedFinding {
  detector: Detector;
  draft: FindingDraft;
}

const maxFindings = 100_000;

export class ReplayedFindings {
  readonly #findings = new Map<string, ReplayedFinding>();
  /** Findings for which there was no room. */
  dropped = 0;

  /** The same host, detector and key is the same finding; it keeps its beginning, its strongest score and its severity. */
  add(detector: Detector, draft: FindingDraft): void {
    const key = JSON.stringify([detector.id, draft.host, ...draft.key]);
    const known = this.#findings.get(key)?.draft;
    if (known === undefined && this.#findings.size >= maxFindings) {
      this.dropped++;
      return;
    }
    this.#findings.set(key, { detector, draft: known === undefined ? draft : grown(known, draft) });
  }

  /** In the order in which they began. */
  all(): ReplayedFinding[] {
    return [...this.#findings.values()].toSorted((a, b) => a.draft.startUs - b.draft.startUs);
  }
}

function grown(known: FindingDraft, draft: FindingDraft): FindingDraft {
  return {
    ...draft,
    startUs: Math.min(known.startUs, draft.startUs),
    endUs: Math.max(known.endUs, draft.endUs),
    score: Math.max(known.score, draft.score),
    severity: severities[Math.max(severities.indexOf(known.severity), severities.indexOf(draft.severity))]!,
  };
}
