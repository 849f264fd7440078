// What names say together of which each may be anybody's: some families make words and syllables that no single look can tell.
import type { Severity } from '../finding.ts';

export interface NamesLook {
  severity: Severity;
  /** Of names above the decision, 0 … 1. */
  share: number;
  /** Of all names, each within oddsBounds. */
  meanOdds: number;
}

/** Share of generated names from which a finding is named after them. */
const generatedShares = { high: 0.5, medium: 0.2 } as const;
/** One name may not outvote all others. */
const oddsBounds = { below: 8, above: 4 } as const;
/**
 * Mean log-odds from which names are taken for generated though few of them are above the decision. A list of people's names has a mean of
 * -7.2, its worst suffix one of -5.2 (.info); measured in docs/detection.md.
 */
export const leastGeneratedMean = -4.5;

/** Of at least one name's score (0 … 1), as dgaScore gives it. */
export function looksOfNames(scores: readonly number[]): NamesLook {
  const share = scores.filter((score) => score >= 0.5).length / scores.length;
  const meanOdds = scores.reduce((sum, score) => sum + boundedOdds(score), 0) / scores.length;
  if (share >= generatedShares.high) return { severity: 'high', share, meanOdds };
  const isGenerated = share >= generatedShares.medium || meanOdds >= leastGeneratedMean;
  return { severity: isGenerated ? 'medium' : 'low', share, meanOdds };
}

function boundedOdds(score: number): number {
  return Math.max(-oddsBounds.below, Math.min(oddsBounds.above, Math.log(score / (1 - score))));
}
