// Which connections a filter lets through, in which order, and how many of each kind: loops over columns, no object a row.
import type { Dictionary } from '../table/dictionary.ts';
import { radixOrder } from '../table/radix-order.ts';
import type { Sort } from '../table/sort.ts';
import type { TableSource } from '../table/table-source.ts';
import { stateShapes, type StateShape } from '../ui/connection-states.ts';
import {
  filterFields,
  nameTest,
  placeFields,
  unknownProcess,
  type Condition,
  type ConnectionFilter,
} from './connection-filter.ts';
import { directionNames, type ConnectionRow } from './connection-row.ts';
import type { ConnectionStore } from './connection-store.ts';

type Test = (slot: number) => boolean;

/** A test of slots, good until the store changes. */
export function slotTest(store: ConnectionStore, { conditions, text }: ConnectionFilter): Test {
  const tests = filterFields.flatMap((field) =>
    placeFields.has(field)
      ? []
      : fieldTests(
          store,
          conditions.filter((one) => one.field === field),
        ),
  );
  for (const word of new Set(text.toLowerCase().split(/\s+/).filter(Boolean))) tests.push(wordTest(store, word));
  return (slot) => {
    for (let i = 0; i < tests.length; i++) if (!tests[i]!(slot)) return false;
    return true;
  };
}

/** A filter's rows of a store, as a table takes them. */
export const connectionSource = (store: ConnectionStore, filter: ConnectionFilter): TableSource<ConnectionRow> => ({
  order: (sort) => orderSlots(store, filter, sort),
  keyOf: (slot) => store.keys[slot]!,
  row: (slot) => store.row(slot),
  settle: () => store.settle(),
});

/** Slots of the rows that match, in the order of `sort`; unknown values last whichever way, equal ones by slot. */
export function orderSlots(
  store: ConnectionStore,
  filter: ConnectionFilter,
  { column, descending }: Sort,
): Uint32Array {
  const matches = slotTest(store, filter);
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

function fieldTests(store: ConnectionStore, conditions: readonly Condition[]): Test[] {
  const wanted = conditions.filter((one) => !one.exclude).map((one) => conditionTest(store, one));
  const unwanted = conditions.filter((one) => one.exclude).map((one) => conditionTest(store, one));
  const tests: Test[] = unwanted.map((test) => (slot) => !test(slot));
  if (wanted.length === 1) tests.push(wanted[0]!);
  else if (wanted.length > 1) tests.push((slot) => wanted.some((test) => test(slot)));
  return tests;
}

function conditionTest(store: ConnectionStore, { field, value }: Condition): Test {
  const { columns } = store;
  switch (field) {
    case 'state': {
      const shape = (stateShapes as readonly string[]).indexOf(value);
      return (slot) => store.shapes[slot] === shape;
    }
    case 'host': {
      const named = store.hosts.select(`is ${value}`, (code) => store.hosts.texts[code] === value);
      const id = /^\d+$/.test(value) ? Number(value) : -1;
      return (slot) => named[store.host[slot]!] === 1 || columns.hostId[slot] === id;
    }
    case 'process':
      return processTest(store, value);
    case 'address': {
      const within = store.addresses.within(value);
      return (slot) => within[columns.remoteAddress[slot]!] === 1 || within[columns.localAddress[slot]!] === 1;
    }
    case 'port': {
      const [least, most] = portRange(value);
      return (slot) =>
        (columns.localPort[slot]! >= least && columns.localPort[slot]! <= most) ||
        (columns.remotePort[slot]! >= least && columns.remotePort[slot]! <= most && columns.remoteAddress[slot] !== 0);
    }
    case 'unit': {
      const found = named(store.units, value);
      return (slot) => found[columns.unit[slot]!] === 1;
    }
    case 'container': {
      // A runtime, or the beginning of an id.
      const found = store.containers.select(`container ${value}`, (code) =>
        store.containers.texts[code]!.split(' ').some(
          (part) => part !== '' && (value.startsWith(part) || part.startsWith(value)),
        ),
      );
      return (slot) => found[columns.container[slot]!] === 1;
    }
    case 'protocol': {
      const number = value === 'udp' ? 17 : 6;
      return (slot) => columns.protocol[slot] === number;
    }
    case 'direction': {
      const number = (directionNames as readonly string[]).indexOf(value);
      return (slot) => columns.direction[slot] === number;
    }
    default:
      return () => true;
  }
}

const portRange = (value: string): [number, number] => {
  const [least, most = least] = value.split('-').map(Number) as [number, number?];
  return [least, most];
};

const named = (dictionary: Dictionary, pattern: string): Uint8Array => {
  const test = nameTest(pattern);
  return dictionary.select(`like ${pattern}`, (code) => test(dictionary.texts[code]!));
};

/** A name in which `*` stands for anything, a PID, or `?` for unknown. */
function processTest({ columns, processes }: ConnectionStore, value: string): Test {
  if (value === unknownProcess) return (slot) => columns.process[slot] === 0;
  const found = named(processes, value);
  const pid = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  return (slot) => found[columns.process[slot]!] === 1 || (pid !== 0 && columns.pid[slot] === pid);
}

/** Whether a word in lower case stands in any of the texts that a row shows, an address and its port being one text. */
function wordTest(store: ConnectionStore, word: string): Test {
  const { columns } = store;
  const processes = store.processes.containing(word);
  const hosts = store.hosts.containing(word);
  const names = store.names.containing(word);
  const units = store.units.containing(word);
  const containers = store.containers.containing(word);
  const addresses = store.addresses.containing(word);
  const protocol = [6, 17].filter((number) => (number === 17 ? 'udp' : 'tcp').includes(word));
  const digits = /^\d{1,10}$/.test(word) ? digitsTest(word) : undefined;
  const endpoints = endpointTests(store, word);
  return (slot) =>
    processes[columns.process[slot]!] === 1 ||
    addresses[columns.remoteAddress[slot]!] === 1 ||
    addresses[columns.localAddress[slot]!] === 1 ||
    hosts[store.host[slot]!] === 1 ||
    names[columns.name[slot]!] === 1 ||
    units[columns.unit[slot]!] === 1 ||
    containers[columns.container[slot]!] === 1 ||
    protocol.includes(columns.protocol[slot]!) ||
    (digits !== undefined &&
      ((columns.pid[slot] !== 0 && digits(columns.pid[slot]!)) ||
        digits(columns.localPort[slot]!) ||
        (columns.remoteAddress[slot] !== 0 && digits(columns.remotePort[slot]!)))) ||
    endpoints.some((test) => test(slot));
}

/** Whether digits stand in a number as it is written, without writing it. */
function digitsTest(word: string): (number: number) => boolean {
  const [wanted, size, least] = [Number(word), 10 ** word.length, word.length > 1 ? 10 ** (word.length - 1) : 0];
  return (number) => {
    for (let rest = number; ; rest = Math.floor(rest / 10)) {
      if (rest % size === wanted && rest >= least) return true;
      if (rest < 10) return false;
    }
  };
}

/** For each colon of `2.7:443`: what stands before it ends the address, what stands after it begins the port. */
function endpointTests({ addresses, columns }: ConnectionStore, word: string): Test[] {
  const tests: Test[] = [];
  for (let colon = word.indexOf(':'); colon >= 0; colon = word.indexOf(':', colon + 1)) {
    const [head, port] = [word.slice(0, colon), word.slice(colon + 1)];
    if (!/^\d{0,5}$/.test(port)) continue;
    const bracketed = /^\[(.*)\]$/.exec(head)?.[1];
    const ending = addresses.select(`ends ${head}`, (code) => {
      const text = addresses.texts[code]!;
      return code > 0 && (bracketed === undefined ? text.endsWith(head) : text === bracketed);
    });
    tests.push(
      (slot) =>
        (ending[columns.remoteAddress[slot]!] === 1 && String(columns.remotePort[slot]).startsWith(port)) ||
        (ending[columns.localAddress[slot]!] === 1 && String(columns.localPort[slot]).startsWith(port)),
    );
  }
  return tests;
}

export interface ConnectionCounts {
  total: number;
  byShape: Record<StateShape, number>;
  /** Most connections first. */
  processes: { process: string; connections: number }[];
}

/** What the filters offer: counters by state within the rest of the filter, and processes within the rest of it. One pass over all rows. */
export function countConnections(store: ConnectionStore, filter: ConnectionFilter): ConnectionCounts {
  const wanted = (field: string) => filter.conditions.filter((one) => one.field === field && !one.exclude);
  const [states, processes] = [wanted('state'), wanted('process')];
  const others = filter.conditions.filter((one) => !states.includes(one) && !processes.includes(one));
  const rest = slotTest(store, { ...filter, conditions: others });
  const inState = slotTest(store, { conditions: states, text: '' });
  const inProcess = slotTest(store, { conditions: processes, text: '' });
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
