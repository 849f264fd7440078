// How much a name looks made by an algorithm: 0 … 1, 0.5 is the decision.
import { walkTrees } from './boosted-trees.ts';
import { dgaFeatureCount, dgaFeatures } from './dga-features.ts';
import type { DgaModels, NameModels } from './models.ts';
import { gramOdds } from './name-grams.ts';
import { normaliseName, splitName, type SplitName } from './split.ts';

const row = new Float32Array(dgaFeatureCount);
/** Nobody is told apart by fewer letters. */
const shortestLabel = 4;

/** Only the registered label counts: hosts below it are its owner's business. Names outside of the public DNS score 0. */
export function dgaScore(models: NameModels, name: string): number {
  const split = splitName(normaliseName(name));
  return split && isJudged(split) ? sigmoid(dgaOdds(models, split)) : 0;
}

/** Log-odds of a name that is judged; 0 is the decision. */
export function dgaOdds(models: DgaModels, name: SplitName): number {
  return walkTrees(models.dga, dgaFeatures(models, name, row)) + gramOdds(models.grams, name.label);
}

/** Letters of other scripts are written in an encoding that looks like noise; no known algorithm makes them. */
export function isJudged({ label }: SplitName): boolean {
  return label.length >= shortestLabel && !label.startsWith('xn--') && !label.startsWith('_');
}

export function sigmoid(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
