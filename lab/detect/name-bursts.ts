// What a burst of missing names of one family would be taken for: names drawn from a list, judged together as the detector does.
import { looksOfNames } from '../../collector/src/detect/names/names-look.ts';
import { seeded } from './random.ts';

/** As many missing names as the detector asks for by default, and a run that goes on. */
export const burstSizes = [20, 50] as const;
const draws = 500;

/** Of bursts of `size` different names, the share at medium or above, 0 … 1. `scores`: of the list's names, at least `size`. */
export function burstsFound(scores: readonly number[], size: number): number {
  const random = seeded(17);
  let found = 0;
  for (let draw = 0; draw < draws; draw += 1) {
    const left = [...scores];
    const burst = Array.from({ length: size }, () => left.splice(random.whole(0, left.length - 1), 1)[0] ?? 0);
    if (looksOfNames(burst).severity !== 'low') found += 1;
  }
  return found / draws;
}
