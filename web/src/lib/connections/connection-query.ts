// The rows of a filter in order, and how many of each kind there are: loops over columns, no object a row.
import type { Dictionary } from '../table/dictionary.ts';
import { radixOrder } from '../table/radix-order.ts';
import type { Sort } from '../table/sort.ts';
import type { TableSource } from '../table/table-source.ts';
import { stateShapes, type StateShape } from '../ui/connection-states.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import type { ConnectionRow } from './connection-row.ts';
import type { ConnectionStore } from './connection-store.ts';

export type Test = (slot: number) => boolean;
/** A test of slots, good until the store changes. */
export type Matcher = (store: ConnectionStore, filter: ConnectionFilter) => Test;

const all = () => true;
const testOf: (...of: [...Parameters<Matcher>, Matcher | undefined]) => Test = (store, filter, matcher) =>
  filter.text === '' && filter.conditions.length === 0 ? all : (matcher?.(store, filter) ?? all);

/** A filter's rows of a store, as a table takes them. Only what filters nothing does without `matcher`. */
export const connectionSource = (
  store: ConnectionStore,
  filter: ConnectionFilter,
  matcher?: Matcher,
): TableSource<ConnectionRow> => ({
  order: (sort) => orderSlots(store, filter, sort, matcher),
  keyOf: (slot) => store.keys[slot]!,
  row: (slot) => store.row(slot),
  settle: () => store.settle(),
});

/** Slots of the rows that match, in the order of `sort`; unknown values last whichever way, equal ones by slot. */
export function orderSlots(
  store: ConnectionStore,
  filter: ConnectionFilter,
  { column, descending }: Sort,
  matcher?: Matcher,
): Uint32Array {
  const matches = testOf(store, filter, matcher);
  const slots = new Uint32Array(store.size);
  let found = 0;
  for (let slot = 0; slot < store.used; slot++) if (store.open[slot] === 1 && matches(slot)) slots[found++] = slot;
  const matching = slots.subarray(0, found);
  const valueOf = sortValue(store, column);
  const keys = new Float64Array(found);
  for (let i = 0; i < found; i++) keys[i] = valueOf(matching[i]!);
  const order = radixOrder(keys, descending);
  for (let i = 0; i < found; i++) order[i] = matching[order[i]!]!;
  return order;
}

/** A number to sort by in each column; NaN where the value is not known. */
function sortValue(store: ConnectionStore, column: string): (slot: number) => number {
  const { columns } = store;
  const byText = (dictionary: Dictionary, codes: Uint32Array) => {
    const ranks = dictionary.ranks();
    return (slot: number) => ranks[codes[slot]!]!;
  };
  const byEndpoint = (addresses: Uint32Array, ports: Uint16Array) => {
    const ranks = store.addresses.ranks();
    return (slot: number) => ranks[addresses[slot]!]! * 65_536 + ports[slot]!;
  };
  switch (column) {
    case 'host':
      return byText(store.hosts, store.host);
    case 'process':
      return byText(store.processes, columns.process);
    case 'pid':
      return (slot) => columns.pid[slot]! || Number.NaN;
    case 'local':
      return byEndpoint(columns.localAddress, columns.localPort);
    case 'remote':
      return byEndpoint(columns.remoteAddress, columns.remotePort);
    case 'country':
    case 'network': {
      const rank = store.places?.rank(column);
      return (slot) => rank?.(columns.remoteAddress[slot]!) ?? Number.NaN;
    }
    case 'name':
      return byText(store.names, columns.name);
    case 'protocol':
      return (slot) => columns.protocol[slot]!;
    case 'alpn':
      return byText(store.protocols, columns.alpn);
    case 'state':
      return (slot) => store.shapes[slot]!;
    case 'duration':
      // The earlier it started, the longer it lasts.
      return (slot) => -columns.startedMs[slot]!;
    case 'rtt':
      return (slot) => columns.rttUs[slot]!;
    case 'rx':
      return (slot) => columns.rxRate[slot]!;
    case 'tx':
      return (slot) => columns.txRate[slot]!;
    default: {
      const { rxRate, txRate } = columns;
      return (slot) => {
        const [rx, tx] = [rxRate[slot]!, txRate[slot]!];
        return Number.isNaN(rx) ? tx : Number.isNaN(tx) ? rx : rx + tx;
      };
    }
  }
}

export interface ConnectionCounts {
  total: number;
  byShape: Record<StateShape, number>;
  /** Most connections first. */
  processes: { process: string; connections: number }[];
}

/** What the filters offer: counters by state within the rest of the filter, and processes within the rest of it. One pass over all rows. */
export function countConnections(
  store: ConnectionStore,
  filter: ConnectionFilter,
  matcher?: Matcher,
): ConnectionCounts {
  const wanted = (field: string) => filter.conditions.filter((one) => one.field === field && !one.exclude);
  const [states, processes] = [wanted('state'), wanted('process')];
  const others = filter.conditions.filter((one) => !states.includes(one) && !processes.includes(one));
  const rest = testOf(store, { ...filter, conditions: others }, matcher);
  const inState = testOf(store, { conditions: states, text: '' }, matcher);
  const inProcess = testOf(store, { conditions: processes, text: '' }, matcher);
  const byShape = new Uint32Array(stateShapes.length);
  const byProcess = new Uint32Array(store.processes.size);
  let total = 0;
  for (let slot = 0; slot < store.used; slot++) {
    if (store.open[slot] === 0 || !rest(slot)) continue;
    if (inProcess(slot)) {
      total++;
      byShape[store.shapes[slot]!]!++;
    }
    if (inState(slot)) byProcess[store.columns.process[slot]!]!++;
  }
  const counted = Array.from(byProcess, (connections, code) => ({
    process: store.processes.texts[code]!,
    connections,
  }));
  return {
    total,
    byShape: Object.fromEntries(
      stateShapes.map((shape, index) => [shape, byShape[index]!]),
    ) as ConnectionCounts['byShape'],
    processes: counted
      .filter(({ connections }) => connections > 0)
      .sort((a, b) => b.connections - a.connections || (a.process < b.process ? -1 : 1)),
  };
}
