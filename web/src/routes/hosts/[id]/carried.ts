// What a bandwidth series adds up to: bytes, and the mean over what was measured.
import type { Bandwidth } from '@foretop/proto/api';

export interface Carried {
  /** null: nothing is on record. */
  rxBytes: number | null;
  txBytes: number | null;
  rxRate: number | null;
  txRate: number | null;
}

export function carriedBy({ items, stepSeconds }: Pick<Bandwidth, 'items' | 'stepSeconds'>): Carried {
  const known = items.filter((item) => item.rxRate !== null && item.txRate !== null);
  if (known.length === 0) return { rxBytes: null, txBytes: null, rxRate: null, txRate: null };
  const rx = known.reduce((sum, item) => sum + item.rxRate!, 0);
  const tx = known.reduce((sum, item) => sum + item.txRate!, 0);
  return {
    rxBytes: rx * stepSeconds,
    txBytes: tx * stepSeconds,
    rxRate: rx / known.length,
    txRate: tx / known.length,
  };
}
