// Share of a host's traffic by application: what all processes of one name carry together, now or over a span.
import type { ApplicationList } from '@foretop/proto/api';
import { visible } from '#lib/format/visible.ts';
import type { ProcessRow } from '#lib/live/host-tables.ts';

export interface ApplicationShare {
  /** Empty: what all smaller ones carry together. */
  name: string;
  processes: number;
  /** null: not known for a span. */
  connections: number | null;
  /** Bytes a second now, bytes of a span. */
  rx: number;
  tx: number;
  /** 0 to 1, of both directions. */
  share: number;
}

/** How many stand by themselves. */
const most = 24;

/** Most traffic first, the ones beyond `mostShown` as one; those that carry nothing are left out. */
export function sharesOf(rows: Iterable<ProcessRow>, mostShown = most): ApplicationShare[] {
  const byName = new Map<string, ApplicationShare>();
  for (const { process, connections, rxRate, txRate } of rows) {
    const [rx, tx] = [rxRate ?? 0, txRate ?? 0];
    if (rx + tx > 0)
      add(byName, { name: process || 'unknown', processes: 1, connections: connections ?? 0, rx, tx, share: 0 });
  }
  return ranked([...byName.values()], mostShown);
}

/** What the collector summed up, in the same form. */
export function sharesOfSpan({ items }: Pick<ApplicationList, 'items'>, mostShown = most): ApplicationShare[] {
  const carried = items.filter((item) => item.rxBytes + item.txBytes > 0);
  return ranked(
    carried.map(({ process, processes, rxBytes, txBytes }) => ({
      name: visible(process) || 'unknown',
      processes,
      connections: null,
      rx: rxBytes,
      tx: txBytes,
      share: 0,
    })),
    mostShown,
  );
}

function ranked(all: ApplicationShare[], mostShown: number): ApplicationShare[] {
  const total = all.reduce((sum, { rx, tx }) => sum + rx + tx, 0);
  const sorted = all.toSorted((a, b) => b.rx + b.tx - a.rx - a.tx || (a.name < b.name ? -1 : 1));
  const rest = new Map<string, ApplicationShare>();
  for (const one of sorted.splice(mostShown)) add(rest, { ...one, name: '' });
  return [...sorted, ...rest.values()].map((one) => ({ ...one, share: (one.rx + one.tx) / total }));
}

function add(to: Map<string, ApplicationShare>, one: ApplicationShare): void {
  const before = to.get(one.name);
  if (!before) to.set(one.name, { ...one });
  else {
    before.processes += one.processes;
    before.connections =
      before.connections === null || one.connections === null ? null : before.connections + one.connections;
    before.rx += one.rx;
    before.tx += one.tx;
  }
}
