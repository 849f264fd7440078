// How much a queried name looks like bytes on their way through a DNS tunnel: 0 … 1, 0.5 is the decision.
import { walkTrees } from './boosted-trees.ts';
import { sigmoid } from './dga.ts';
import type { NameModels } from './models.ts';
import { normaliseName, splitName } from './split.ts';
import { suffixOf } from './suffixes.ts';
import { tunnelFeatureCount, tunnelFeatures } from './tunnel-features.ts';

export interface TunnelName {
  /** The zone that answers: "t.example.org" asks of "example.org". */
  apex: string;
  /** What is asked below it: where the bytes would be. */
  below: string;
}

const row = new Float32Array(tunnelFeatureCount);
/** Fewer characters carry nothing. */
const leastBelow = 4;

/**
 * Undefined where no tunnel can be: single labels, local and reverse names, nothing below the registered name, and zones whose servers are
 * all their owner's (clouds, content networks, reputation lists): whoever runs a tunnel needs a zone of his own.
 */
export function tunnelName(name: string): TunnelName | undefined {
  const normal = normaliseName(name);
  const split = splitName(normal);
  if (!split) return undefined;
  // Other scripts are written in an encoding that looks like noise, and domain controllers are found below "_msdcs" by identifiers.
  const below = split.below.includes('xn--') ? withoutScripts(split.below) : split.below;
  if (below.length < leastBelow || below.endsWith('_msdcs') || below.includes('._msdcs.')) return undefined;
  if (suffixOf('infrastructure', normal) !== undefined || suffixOf('reputation', normal) !== undefined)
    return undefined;
  return { apex: split.registrable, below };
}

const withoutScripts = (below: string) =>
  below
    .split('.')
    .filter((label) => !label.startsWith('xn--'))
    .join('.');

/** Of a single name, knowing nothing of its neighbours. */
export function tunnelScore(models: NameModels, name: string): number {
  const parts = tunnelName(name);
  return parts ? sigmoid(tunnelOdds(models, parts.below)) : 0;
}

/** Log-odds of what is asked below an apex. */
export function tunnelOdds(models: NameModels, below: string): number {
  return walkTrees(models.tunnel, tunnelFeatures(models.language, below, row));
}
