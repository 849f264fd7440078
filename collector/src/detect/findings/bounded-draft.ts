// A detector's draft with everything in it bounded and cleaned: names in it are what hosts and the network claim.
import { cleanText } from '../../store/host-text.ts';
import type { Evidence, FindingDraft, FindingLinks } from '../finding.ts';

const longestSummary = 500;
const longestText = 255;
const longestPath = 1_024;
const mostKeyParts = 8;
const mostEvidence = 24;
const mostLinks = 20;

const linkKinds = ['connections', 'dns', 'processes', 'names', 'addresses'] as const satisfies (keyof FindingLinks)[];

export function boundedDraft(draft: FindingDraft): FindingDraft {
  const links: FindingLinks = {};
  for (const kind of linkKinds) {
    const given = draft.links[kind];
    if (given !== undefined && given.length > 0)
      links[kind] = given.slice(0, mostLinks).map((text) => cleanText(text, longestText));
  }
  const startUs = Math.round(draft.startUs);
  return {
    host: draft.host,
    key: draft.key.slice(0, mostKeyParts).map((part) => cleanText(part, longestPath)),
    severity: draft.severity,
    score: Number.isFinite(draft.score) ? Math.min(1, Math.max(0, draft.score)) : 0,
    summary: cleanText(draft.summary, longestSummary),
    peer: cleanText(draft.peer, longestText),
    process: cleanText(draft.process, longestPath),
    startUs,
    endUs: Math.max(startUs, Math.round(draft.endUs)),
    count: Number.isSafeInteger(Math.round(draft.count)) ? Math.max(0, Math.round(draft.count)) : 0,
    evidence: draft.evidence.slice(0, mostEvidence).map(boundedEvidence),
    links,
  };
}

function boundedEvidence({ label, value, unit, against }: Evidence): Evidence {
  return {
    label: cleanText(label, longestText),
    value: plain(value),
    ...(unit !== undefined && { unit }),
    ...(against !== undefined && { against: plain(against) }),
  };
}

/** JSON has no infinity, and a Postgres jsonb no NUL. */
function plain(value: number | string): number | string {
  if (typeof value === 'string') return cleanText(value, longestText);
  return Number.isFinite(value) ? value : String(value);
}
