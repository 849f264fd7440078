// How bytes become shades and circles: shades by powers of ten, since countries differ by more than any even scale shows; circles by area.
import { asText, bytes } from '../format/figures.ts';

export interface ShadeStep {
  /** 1 is the faintest; 0 is left for "nothing". */
  shade: number;
  leastBytes: number;
  /** "10 MB and more" */
  label: string;
}

const mostSteps = 5;

/** The largest first; as many powers of ten as it takes, at most five, the last of which holds all that is less. */
export function shadeSteps(values: readonly number[]): ShadeStep[] {
  const carried = values.filter((value) => value > 0);
  if (carried.length === 0) return [];
  const highest = Math.floor(Math.log10(Math.max(...carried)));
  const lowest = Math.max(Math.floor(Math.log10(Math.min(...carried))), highest - mostSteps + 1);
  const isCut = carried.some((value) => value < 10 ** lowest);
  return Array.from({ length: highest - lowest + 1 }, (_, at) => {
    const power = highest - at;
    const last = power === lowest;
    return {
      shade: mostSteps - at,
      leastBytes: last && isCut ? 1 : 10 ** power,
      label: last && isCut ? `under ${asText(bytes(10 ** (power + 1)))}` : `from ${asText(bytes(10 ** power))}`,
    };
  });
}

export const shadeOf = (steps: readonly ShadeStep[], value: number): number =>
  value > 0 ? (steps.find(({ leastBytes }) => value >= leastBytes)?.shade ?? 0) : 0;

const [leastRadius, mostRadius] = [1.8, 17];

/** The circle's area grows with the bytes; one that carried anything stays large enough to be seen. */
export const radiusOf = (value: number, most: number): number =>
  most > 0 ? Math.max(leastRadius, Math.sqrt(value / most) * mostRadius) : leastRadius;
