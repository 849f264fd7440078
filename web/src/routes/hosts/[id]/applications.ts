// Share of a host's traffic by application: what all processes of one name carry together.
import type { ProcessRow } from '#lib/live/host-tables.ts';

export interface ApplicationShare {
  /** Empty: what all smaller ones carry together. */
  name: string;
  processes: number;
  connections: number;
  rxRate: number;
  txRate: number;
  /** 0 to 1, of both directions. */
  share: number;
}

/** Most traffic first, the ones beyond `most` as one; those that carry nothing are left out. */
export function sharesOf(rows: Iterable<ProcessRow>, most = 24): ApplicationShare[] {
  const byName = new Map<string, ApplicationShare>();
  let total = 0;
  for (const { process, connections, rxRate, txRate } of rows) {
    const carried = (rxRate ?? 0) + (txRate ?? 0);
    if (carried === 0) continue;
    total += carried;
    add(byName, process || 'unknown', {
      processes: 1,
      connections: connections ?? 0,
      rxRate: rxRate ?? 0,
      txRate: txRate ?? 0,
    });
  }
  const sorted = [...byName.values()].sort(
    (a, b) => b.rxRate + b.txRate - a.rxRate - a.txRate || (a.name < b.name ? -1 : 1),
  );
  const rest = new Map<string, ApplicationShare>();
  for (const one of sorted.splice(most)) add(rest, '', one);
  const shown = [...sorted, ...rest.values()];
  for (const one of shown) one.share = (one.rxRate + one.txRate) / total;
  return shown;
}

function add(
  to: Map<string, ApplicationShare>,
  name: string,
  { processes, connections, rxRate, txRate }: Omit<ApplicationShare, 'name' | 'share'>,
): void {
  const before = to.get(name) ?? { name, processes: 0, connections: 0, rxRate: 0, txRate: 0, share: 0 };
  to.set(name, {
    ...before,
    processes: before.processes + processes,
    connections: before.connections + connections,
    rxRate: before.rxRate + rxRate,
    txRate: before.txRate + txRate,
  });
}
