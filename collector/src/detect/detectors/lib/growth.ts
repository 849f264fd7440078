// A finding that grows: how often, since when, and whether it is time to say so again.

const againUs = 600e6;

export interface Growth {
  count: number;
  startUs: number;
  endUs: number;
  toldCount: number;
  toldUs: number;
}

export function newGrowth(startUs: number): Growth {
  return { count: 0, startUs, endUs: startUs, toldCount: 0, toldUs: Number.NEGATIVE_INFINITY };
}

/** Adds one or more; true at the first, whenever the count has doubled, and at least every ten minutes of it. */
export function grow(growth: Growth, atUs: number, by = 1): boolean {
  growth.count += by;
  growth.startUs = Math.min(growth.startUs, atUs);
  growth.endUs = Math.max(growth.endUs, atUs);
  if (growth.count < 2 * growth.toldCount && atUs - growth.toldUs < againUs) return false;
  growth.toldCount = growth.count;
  growth.toldUs = atUs;
  return true;
}

export function saveGrowth({ count, startUs, endUs }: Growth): number[] {
  return [count, Math.round(startUs), Math.round(endUs)];
}

/** Undefined of anything that saveGrowth did not write. */
export function restoreGrowth(state: unknown): Growth | undefined {
  if (!Array.isArray(state) || state.length !== 3 || !state.every((value) => Number.isFinite(value))) return undefined;
  const [count, startUs, endUs] = state as [number, number, number];
  return { count, startUs, endUs, toldCount: count, toldUs: endUs };
}
