// What the collector is asked: public addresses only, each once, in bounded groups, again after a failure.
import type { PlaceDatabase, RowPlace, RowPlaceList } from '@foretop/proto/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionEntry } from './connection-entry.ts';
import { ConnectionStore } from './connection-store.ts';
import { batchOf, connection, idOf } from './connections.fixture.ts';
import { createPlacing, type Placing } from './placing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const placing of opened.splice(0)) placing.stop();
  vi.useRealTimers();
});

const opened: Placing[] = [];
const place: RowPlace = { country: 'DE', city: null, asn: 64500, organisation: 'Example' };
/** Answers are kept from one table to the next, so that each test has addresses of its own. */
let block = 0;
const publicAddress = (index: number) => `5.${block}.${index >> 8}.${index & 255}`;

function storeOf(remoteAddresses: readonly string[], places: RowPlace | null = null): ConnectionStore {
  const store = new ConnectionStore();
  enter(store, remoteAddresses, places);
  return store;
}

function enter(store: ConnectionStore, remoteAddresses: readonly string[], place: RowPlace | null = null): void {
  const rows = remoteAddresses.map((remoteAddress, index) =>
    connection({ id: idOf(1, index + 1), remoteAddress, place }),
  );
  new ConnectionEntry(store).enter(batchOf(rows), String);
}

/** A collector that knows one place, and what it was asked. */
function collector(states: PlaceDatabase['state'][] = ['ready', 'ready']) {
  const asked: (readonly string[])[] = [];
  let failures = 0;
  let changes = 0;
  const placing = createPlacing(
    () => changes++,
    (addresses) => {
      asked.push(addresses);
      if (failures-- > 0) return Promise.reject(new Error('unreachable'));
      const answer: RowPlaceList = {
        items: addresses.map((address) => ({ address, place })),
        ...{ nextCursor: null, asOf: '2026-11-20T03:00:10Z', attributions: [] },
        databases: [
          { kind: 'city', state: states[0]! },
          { kind: 'asn', state: states[1]! },
        ],
      };
      return Promise.resolve(answer);
    },
  );
  opened.push(placing);
  block++;
  return { asked, placing, changes: () => changes, fail: (times: number) => (failures = times) };
}

it('asks for each public address once, and fills the rows', async () => {
  const { asked, placing } = collector();
  const [a, b] = [publicAddress(1), publicAddress(2)];
  const store = storeOf([a, b, a, '10.0.0.1', 'fe80::1', '192.168.1.1', '127.0.0.1']);
  placing.look(store, false);
  await vi.advanceTimersByTimeAsync(2_000);
  placing.look(store, false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked).toEqual([[a, b]]);
  expect(Array.from({ length: 4 }, (_, slot) => store.row(slot).place?.where)).toEqual(['DE', 'DE', 'DE', undefined]);
});

it('asks in groups of 300, one after the other, and has the table drawn anew once a second at most', async () => {
  const { asked, placing, changes } = collector();
  placing.look(storeOf(Array.from({ length: 1_000 }, (_, index) => publicAddress(index))), false);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(900);
  expect(asked.map(({ length }) => length)).toEqual([300, 300, 300, 100]);
  expect(new Set(asked.flat()).size).toBe(1_000);
  expect(changes()).toBe(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(changes()).toBe(2);
});

it('what is known of one table is not asked for again by the next', async () => {
  const first = collector();
  const address = publicAddress(1);
  first.placing.look(storeOf([address]), false);
  await vi.advanceTimersByTimeAsync(2_000);
  const second = collector();
  const [store, fresh] = [storeOf([address, publicAddress(1)]), publicAddress(1)];
  second.placing.look(store, false);
  expect(store.row(0).place?.where).toBe('DE');
  expect(second.asked).toEqual([[fresh]]);
});

it('asks again five seconds after a failure', async () => {
  const { asked, placing, changes, fail } = collector();
  fail(1);
  const store = storeOf([publicAddress(1)]);
  placing.look(store, false);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(asked).toHaveLength(1);
  // Rows are not waited for in vain.
  expect(changes()).toBe(1);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(asked).toHaveLength(2);
  expect(store.row(0).place?.where).toBe('DE');
});

it('asks nothing of a table without public addresses, and says that it is through', async () => {
  const { asked, placing, changes } = collector();
  placing.look(storeOf(['10.0.0.1', '::1']), false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked).toEqual([]);
  expect(changes()).toBe(1);
});

it('says which databases there are not', async () => {
  const { placing } = collector(['off', 'faulty']);
  placing.look(storeOf([publicAddress(1)]), false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(placing.columns('rx', [])).toMatchObject({
    country: { title: 'No place database' },
    network: { title: 'No network database' },
  });
});

it('of rows that come with places one address is asked for, to know the databases', async () => {
  const { asked, placing } = collector(['ready', 'missing']);
  const store = storeOf([]);
  placing.look(store, true);
  enter(store, [publicAddress(1), publicAddress(2)], place);
  placing.look(store, true);
  await vi.advanceTimersByTimeAsync(2_000);
  placing.look(store, true);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked).toEqual([[publicAddress(1)]]);
  expect(placing.columns('rx', [])).toMatchObject({ network: { title: 'No network database' } });
  expect(placing.columns('rx', [])).not.toHaveProperty('country');
});

describe('columns of places', () => {
  const narrow = (placing: Placing) => Object.keys(placing.columns('rx', []));

  it('keep their width until it is known that nothing fills them, and then until something does', async () => {
    const { placing, changes } = collector();
    const store = storeOf([]);
    placing.look(store, false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(narrow(placing)).toEqual([]);
    enter(store, ['10.0.0.1', 'fd00::7']);
    placing.look(store, false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(narrow(placing)).toEqual(['country', 'network']);
    const said = changes();
    enter(store, [publicAddress(1)]);
    placing.look(store, false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(narrow(placing)).toEqual([]);
    expect(changes()).toBeGreaterThan(said);
  });

  it('are wide for places that come with the rows', async () => {
    const { placing, changes } = collector();
    const store = storeOf(['10.0.0.1']);
    placing.look(store, true);
    await vi.advanceTimersByTimeAsync(2_000);
    const said = changes();
    enter(store, [publicAddress(1)], place);
    placing.look(store, true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(narrow(placing)).toEqual([]);
    expect(changes()).toBeGreaterThan(said);
  });

  it('stay as they are while nothing is known, and are the same object as long as they are equal', async () => {
    const { placing, fail } = collector();
    fail(1);
    placing.look(storeOf([publicAddress(1)]), false);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(narrow(placing)).toEqual([]);
    expect(placing.columns('country', [])).toBe(placing.columns('country', []));
  });
});

it('once stopped it asks and says nothing more', async () => {
  const { asked, placing, changes } = collector();
  placing.look(storeOf(Array.from({ length: 400 }, (_, index) => publicAddress(index))), false);
  placing.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveLength(1);
  expect(changes()).toBe(0);
});
