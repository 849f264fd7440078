// Which connections a filter lets through: loops over columns, no object a row. Loaded once there is a filter.
import { inNetwork, parseNetwork } from '../net/address.ts';
import type { Dictionary } from '../table/dictionary.ts';
import { stateShapes } from '../ui/connection-states.ts';
import type { AddressDictionary } from './address-dictionary.ts';
import { filterFields, isPlaceField, unknownProcess, type Condition } from './connection-filter.ts';
import type { Matcher, Test } from './connection-query.ts';
import { directionNames } from './connection-row.ts';
import type { ConnectionStore } from './connection-store.ts';

/** A test of slots, good until the store changes. */
export const slotTest: Matcher = (store, { conditions, text }) => {
  const tests = filterFields.flatMap((field) =>
    fieldTests(
      store,
      conditions.filter((one) => one.field === field),
    ),
  );
  for (const word of new Set(text.toLowerCase().split(/\s+/).filter(Boolean))) tests.push(wordTest(store, word));
  return (slot) => {
    for (let i = 0; i < tests.length; i++) if (!tests[i]!(slot)) return false;
    return true;
  };
};

function fieldTests(store: ConnectionStore, conditions: readonly Condition[]): Test[] {
  const wanted = conditions.filter((one) => !one.exclude).map((one) => conditionTest(store, one));
  const unwanted = conditions.filter((one) => one.exclude).map((one) => conditionTest(store, one));
  const tests: Test[] = unwanted.map((test) => (slot) => !test(slot));
  if (wanted.length === 1) tests.push(wanted[0]!);
  else if (wanted.length > 1) tests.push((slot) => wanted.some((test) => test(slot)));
  return tests;
}

function conditionTest(store: ConnectionStore, { field, value, exclude }: Condition): Test {
  const { columns } = store;
  if (isPlaceField(field)) {
    const test = store.places?.test(field, value, exclude);
    // Rows that come before anything is known of places are those that the collector sends for the filter.
    return (slot) => test?.(columns.remoteAddress[slot]!) ?? !exclude;
  }
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
      const within = addressesWithin(store.addresses, value);
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
  const placed = store.places?.containing(word);
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
    placed?.(columns.remoteAddress[slot]!) ||
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

/** A test of names in which `*` stands for anything. */
function nameTest(value: string): (name: string) => boolean {
  if (!value.includes('*')) return (name) => name === value;
  const parts = value.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|/]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`, 's');
  return (name) => pattern.test(name);
}

/** 1 for each address within the network, or equal to the address; all 0 when the text is neither. */
function addressesWithin(addresses: AddressDictionary, text: string): Uint8Array {
  const network = parseNetwork(text);
  return addresses.select(`in ${text}`, (code) => network !== undefined && inNetwork(addresses.key(code), network));
}
