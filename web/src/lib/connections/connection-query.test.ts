// The columnar store against plain objects: the same rows, order and counts for random connections, filters, updates and departures.
import type { Connection } from '@foretop/proto/api';
import { stateNames } from '@foretop/proto/live';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressKey, inNetwork, parseNetwork } from '../net/address.ts';
import { shapeOf } from '../ui/connection-states.ts';
import { ConnectionEntry } from './connection-entry.ts';
import type { Condition } from './connection-filter.ts';
import { slotTest } from './connection-match.ts';
import { countConnections, orderSlots } from './connection-query.ts';
import type { ConnectionRow } from './connection-row.ts';
import { ConnectionStore } from './connection-store.ts';
import { batchOf, connection, hostNames, idOf } from './connections.fixture.ts';

const addresses = ['10.0.0.1', '10.0.0.12', '10.1.0.1', '192.0.2.7', '::', '::1', 'fd00::1', '2001:db8::5'];
const names = ['nginx', 'Nginx', 'ng', 'sshd', 'web-9', 'web-10', 'a b', '10'];
const number = fc.option(fc.nat(3));

const arbitrary: fc.Arbitrary<Connection> = fc
  .record({
    number: fc.nat(40),
    hostId: fc.constantFrom(1, 2),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    state: fc.constantFrom(...stateNames),
    localAddress: fc.constantFrom(...addresses),
    localPort: fc.constantFrom(0, 22, 443, 44_321),
    remote: fc.option(fc.record({ address: fc.constantFrom(...addresses), port: fc.constantFrom(53, 443, 8443) })),
    pid: fc.option(fc.constantFrom(1, 10, 443, 1123)),
    process: fc.option(fc.constantFrom(...names)),
    name: fc.option(fc.constantFrom('example.org', 'db.example.org')),
    unit: fc.option(fc.constantFrom('nginx.service', 'ssh.service')),
    container: fc.option(fc.constantFrom({ runtime: 'docker', id: '3f2a9c1b7e4d55aa' })),
    rxRate: number,
    txRate: number,
    rttUs: number,
    startedAt: fc.constantFrom('2026-11-20T03:00:00Z', '2026-11-20T02:00:00Z'),
    connectionCount: fc.constantFrom(1, 1, 1, 60),
  })
  .map(({ number: id, remote, ...rest }) =>
    connection({
      ...rest,
      id: idOf(rest.hostId, id),
      remoteAddress: remote?.address ?? null,
      remotePort: remote?.port ?? null,
    }),
  );

const condition = (field: Condition['field'], ...values: string[]) =>
  fc.record({ field: fc.constant(field), value: fc.constantFrom(...values), exclude: fc.boolean() });
const filters = fc.record({
  conditions: fc.array(
    fc.oneof(
      condition('process', 'nginx', 'n*', '443', '?'),
      condition('state', 'established', 'listen', 'closing'),
      condition('address', '10.0.0.0/8', '10.0.0.1', '::/0', 'fd00::1'),
      condition('port', '443', '20-60', '0'),
      condition('protocol', 'udp'),
      condition('host', 'web-01', '2'),
      condition('unit', '*.service', 'ssh.service'),
      condition('container', 'docker', '3f2a'),
    ),
    { maxLength: 3 },
  ),
  text: fc.constantFrom(
    '',
    'ng',
    '1',
    '10',
    '43',
    ':443',
    '1:4',
    '0.1:443',
    '::1:44',
    'WEB docker',
    'example',
    'udp',
    '0',
  ),
});
const sorts = fc.record({
  column: fc.constantFrom(
    'host',
    'process',
    'pid',
    'local',
    'remote',
    'protocol',
    'state',
    'duration',
    'rtt',
    'rx',
    'rate',
  ),
  descending: fc.boolean(),
});

// ---- what is meant, said as simply as can be

const searchText = (row: ConnectionRow) =>
  `${row.host} ${row.process} ${row.pid ?? ''} ${row.protocol} ${row.localAddress}:${row.localPort} ${
    row.remoteAddress ? `${row.remoteAddress}:${row.remotePort}` : ''
  } ${row.name} ${row.unit} ${row.container}`.toLowerCase();

function holds(row: ConnectionRow, { field, value }: Condition): boolean {
  const like = (text: string) => new RegExp(`^${value.replace(/[.?]/g, '\\$&').replaceAll('*', '.*')}$`).test(text);
  const ports = value.split('-').map(Number);
  const inRange = (port: number) => port >= ports[0]! && port <= (ports[1] ?? ports[0]!);
  const network = parseNetwork(value);
  const within = (address: string) => network !== undefined && inNetwork(addressKey(address, 0), network);
  switch (field) {
    case 'process':
      return value === '?' ? row.process === '' : like(row.process) || String(row.pid) === value;
    case 'state':
      return shapeOf(row.state) === value;
    case 'address':
      return within(row.localAddress) || within(row.remoteAddress);
    case 'port':
      return inRange(row.localPort) || (row.remoteAddress !== '' && inRange(row.remotePort));
    case 'protocol':
      return row.protocol === value;
    case 'host':
      return row.host === value || String(row.hostId) === value;
    case 'unit':
      return like(row.unit);
    default:
      return row.container.split(' ').some((part) => part !== '' && (part.startsWith(value) || value.startsWith(part)));
  }
}

function lets(row: ConnectionRow, conditions: readonly Condition[], text: string): boolean {
  const fields = Map.groupBy(
    conditions.filter((one) => !one.exclude),
    (one) => one.field,
  );
  return (
    conditions.every((one) => !one.exclude || !holds(row, one)) &&
    [...fields.values()].every((ofField) => ofField.some((one) => holds(row, one))) &&
    text
      .toLowerCase()
      .split(/\s+/)
      .every((word) => searchText(row).includes(word))
  );
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const texts = (a: string, b: string) => collator.compare(a, b);
const numbers = (a: number, b: number) => a - b;
function endpoints(a: readonly number[], b: readonly number[]): number {
  return a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!;
}
const column: Record<string, [(row: ConnectionRow) => unknown, (a: never, b: never) => number]> = {
  host: [(row) => row.host, texts],
  process: [(row) => row.process || null, texts],
  pid: [(row) => row.pid, numbers],
  local: [(row) => addressKey(row.localAddress, row.localPort), endpoints],
  remote: [(row) => addressKey(row.remoteAddress, row.remotePort) ?? null, endpoints],
  protocol: [(row) => row.protocol, texts],
  duration: [(row) => -row.startedMs, numbers],
  rtt: [(row) => row.rttUs, numbers],
  rx: [(row) => row.rxRate, numbers],
  rate: [(row) => (row.rxRate === null && row.txRate === null ? null : (row.rxRate ?? 0) + (row.txRate ?? 0)), numbers],
};

/** The store as plain objects. */
function rowsOf(store: ConnectionStore): { slot: number; row: ConnectionRow }[] {
  return Array.from({ length: store.used }, (_, slot) => slot)
    .filter((slot) => store.open[slot] === 1)
    .map((slot) => ({ slot, row: store.row(slot) }));
}

function filled(looks: Connection[][]): { store: ConnectionStore; left: Map<string, Connection> } {
  const store = new ConnectionStore();
  const entry = new ConnectionEntry(store);
  const identity = (item: Connection) => `${item.id}${item.connectionCount > 1 ? item.startedAt : ''}`;
  let left = new Map<string, Connection>();
  for (const [index, items] of looks.entries()) {
    entry.begin();
    entry.enter(batchOf(items), (id) => hostNames[id]!);
    entry.leaveUnseen(true);
    // Slots of rows that went are used again.
    if (index % 2 === 1) store.settle();
    left = new Map(items.map((item) => [identity(item), item]));
  }
  return { store, left };
}

const looks = fc.array(fc.array(arbitrary, { maxLength: 60 }), { minLength: 1, maxLength: 4 });

describe('the same as plain objects', () => {
  it('holds the last look: each connection once, with the values that came last', () =>
    fc.assert(
      fc.property(looks, (all) => {
        const { store, left } = filled(all);
        expect(store.size).toBe(left.size);
        const shown = rowsOf(store).map(({ row }) => [row.id, row.rxRate, row.process, row.remoteAddress].join());
        const wanted = [...left.values()].map((item) =>
          [item.id, item.rxRate, item.process ?? '', item.remoteAddress ?? ''].join(),
        );
        expect(shown.sort()).toEqual(wanted.sort());
        for (const { slot, row } of rowsOf(store)) expect(store.slotOf(row.key)).toBe(slot);
      }),
    ));

  it('filters', () =>
    fc.assert(
      fc.property(looks, filters, (all, { conditions, text }) => {
        const { store } = filled(all);
        const found = orderSlots(store, { conditions, text }, { column: 'rx', descending: true }, slotTest);
        const wanted = rowsOf(store).filter(({ row }) => lets(row, conditions, text));
        expect([...found].sort((a, b) => a - b)).toEqual(wanted.map(({ slot }) => slot));
      }),
    ));

  it('sorts: unknown values last whichever way, equal ones by slot', () =>
    fc.assert(
      fc.property(looks, sorts, (all, sort) => {
        const { store } = filled(all);
        if (sort.column === 'state') return;
        const [valueOf, compare] = column[sort.column]!;
        const wanted = rowsOf(store).sort((a, b) => {
          const [first, second] = [valueOf(a.row), valueOf(b.row)];
          if (first === null || second === null)
            return Number(first === null) - Number(second === null) || a.slot - b.slot;
          return (sort.descending ? -1 : 1) * compare(first as never, second as never) || a.slot - b.slot;
        });
        const found = orderSlots(store, { conditions: [], text: '' }, sort);
        // Texts that differ by case alone have an order of their own.
        const shown = (slot: number) => {
          const value = valueOf(store.row(slot));
          return typeof value === 'string' ? value.toLowerCase() : value;
        };
        expect([...found].map(shown)).toEqual(wanted.map(({ slot }) => shown(slot)));
        if (!['host', 'process'].includes(sort.column)) expect([...found]).toEqual(wanted.map(({ slot }) => slot));
      }),
    ));

  it('counts', () =>
    fc.assert(
      fc.property(looks, filters, (all, { conditions, text }) => {
        const { store } = filled(all);
        const counts = countConnections(store, { conditions, text }, slotTest);
        const without = (field: string) => conditions.filter((one) => one.exclude || one.field !== field);
        const ofStates = rowsOf(store).filter(({ row }) => lets(row, without('state'), text));
        expect(counts.total).toBe(ofStates.length);
        for (const [shape, number] of Object.entries(counts.byShape))
          expect(number).toBe(ofStates.filter(({ row }) => shapeOf(row.state) === shape).length);
        const ofProcesses = rowsOf(store).filter(({ row }) => lets(row, without('process'), text));
        expect(counts.processes.reduce((sum, one) => sum + one.connections, 0)).toBe(ofProcesses.length);
        for (const { process, connections } of counts.processes)
          expect(connections).toBe(ofProcesses.filter(({ row }) => row.process === process).length);
      }),
    ));
});

it('a row that ended keeps its values until nobody shows it, and its key is never given again', () => {
  const store = new ConnectionStore();
  const entry = new ConnectionEntry(store);
  entry.enter(batchOf([connection({})]), () => 'web-01');
  const key = store.keys[0]!;
  entry.begin();
  entry.leaveUnseen(true);
  expect(store.get(key)).toBeUndefined();
  expect(store.row(0)).toMatchObject({ key, process: 'nginx', closed: true });
  store.settle();
  entry.begin();
  entry.enter(batchOf([connection({})]), () => 'web-01');
  expect(store.used).toBe(1);
  expect(store.keys[0]).not.toBe(key);
  expect(entry.keyOf(1, 0, 0xaa)).toBe(store.keys[0]);
});

it('forgets texts that no row has any more, and keeps those that have one', () => {
  const store = new ConnectionStore();
  const entry = new ConnectionEntry(store);
  const stays = connection({ id: idOf(1, 1), process: 'stays', remoteAddress: '192.0.2.99' });
  for (let round = 0; round < 60; round++) {
    const items = Array.from({ length: 1000 }, (_, index) =>
      connection({
        id: idOf(1, 2 + index),
        name: `name-${round}-${index}`,
        remoteAddress: `10.${round}.${index >> 8}.${index & 255}`,
      }),
    );
    entry.begin();
    entry.enter(batchOf([stays, ...items]), () => 'web-01');
    entry.leaveUnseen(true);
    store.settle();
  }
  expect(store.names.size).toBeLessThan(40_000);
  expect(store.row(0)).toMatchObject({ process: 'stays', remoteAddress: '192.0.2.99' });
  const found = orderSlots(
    store,
    { conditions: [{ field: 'address', value: '192.0.2.99', exclude: false }], text: 'stays' },
    { column: 'remote', descending: false },
    slotTest,
  );
  expect([...found]).toEqual([0]);
});
