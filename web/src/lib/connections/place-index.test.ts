// Places by address: filters, orders and the search over a store's rows, before and after places are known, and when texts are forgotten.
import { describe, expect, it } from 'vitest';
import type { RowPlace } from '@foretop/proto/api';
import type { Condition } from './connection-filter.ts';
import { slotTest } from './connection-match.ts';
import { countConnections, orderSlots } from './connection-query.ts';
import { ConnectionEntry } from './connection-entry.ts';
import { ConnectionStore } from './connection-store.ts';
import { batchOf, connection, idOf } from './connections.fixture.ts';
import { PlaceIndex } from './place-index.ts';

const hetzner: RowPlace = { country: 'DE', city: 'Falkenstein', asn: 24940, organisation: 'Hetzner Online GmbH' };
const quad9: RowPlace = { country: 'CH', city: null, asn: 19281, organisation: 'Quad9' };
const unnamed: RowPlace = { country: null, city: null, asn: 64500, organisation: null };
const addresses = ['9.9.9.9', '10.0.0.1', '78.46.0.1', '5.5.5.5', null];
const placeOf: Record<string, RowPlace | null> = { '9.9.9.9': quad9, '78.46.0.1': hetzner, '5.5.5.5': unnamed };

const batch = (more: { place?: boolean } = {}) =>
  batchOf(
    addresses.map((remoteAddress, index) =>
      connection({
        id: idOf(1, index + 1),
        remoteAddress,
        remotePort: remoteAddress === null ? null : 443,
        place: more.place ? (placeOf[remoteAddress ?? ''] ?? null) : null,
      }),
    ),
  );

/** As a host's live table: rows first, places by address. */
function placedStore(): ConnectionStore {
  const store = new ConnectionStore();
  new ConnectionEntry(store).enter(batch(), String);
  store.places = new PlaceIndex(false);
  for (const address of addresses)
    if (address !== null) store.places.set(store.addresses.codeOf(address), placeOf[address] ?? null);
  return store;
}

const shown = (store: ConnectionStore, text: string, conditions: readonly Condition[] = [], column = 'remote') =>
  Array.from(
    orderSlots(store, { conditions, text }, { column, descending: false }, slotTest),
    (slot) => store.row(slot).remoteAddress,
  );
const is = (field: Condition['field'], value: string, exclude = false): Condition => ({ field, value, exclude });

it('rows bear their places in words', () => {
  const store = placedStore();
  const places = shown(store, '').map((_, index) => store.row(index).place?.title);
  expect(places).toEqual([
    'Switzerland, AS19281 Quad9',
    undefined,
    'Germany, Falkenstein, AS24940 Hetzner Online GmbH',
    'AS64500',
    undefined,
  ]);
});

it.each([
  [[is('country', 'DE')], ['78.46.0.1']],
  [
    [is('country', 'DE'), is('country', 'CH')],
    ['9.9.9.9', '78.46.0.1'],
  ],
  [[is('country', 'DE', true)], ['5.5.5.5', '9.9.9.9', '10.0.0.1', '']],
  [[is('asn', '64500')], ['5.5.5.5']],
  [[is('asn', '24940', true), is('country', 'CH')], ['9.9.9.9']],
])('%j lets through', (conditions, expected) => {
  expect(shown(placedStore(), '', conditions)).toEqual(expected);
  expect(countConnections(placedStore(), { conditions, text: '' }, slotTest).total).toBe(expected.length);
});

it.each([
  ['germany', ['78.46.0.1']],
  ['falken', ['78.46.0.1']],
  ['HETZNER 443', ['78.46.0.1']],
  ['as24940', ['78.46.0.1']],
  ['as6450', ['5.5.5.5']],
  ['hetzner quad9', []],
])('the search finds %s', (text, expected) => expect(shown(placedStore(), text)).toEqual(expected));

it('sorts by country and city, and by organisation; what has no place comes last', () => {
  expect(shown(placedStore(), '', [], 'country').slice(0, 2)).toEqual(['9.9.9.9', '78.46.0.1']);
  expect(shown(placedStore(), '', [], 'network').slice(0, 3)).toEqual(['5.5.5.5', '78.46.0.1', '9.9.9.9']);
});

describe('what is not known yet', () => {
  const conditions = [is('country', 'DE')];
  const except = [is('country', 'DE', true)];

  it('is let through where the collector has filtered', () => {
    const store = new ConnectionStore();
    new ConnectionEntry(store).enter(batch(), String);
    expect(shown(store, '', conditions)).toHaveLength(5);
    expect(shown(store, '', except)).toHaveLength(5);
    store.places = new PlaceIndex(true);
    expect(shown(store, '', conditions)).toHaveLength(5);
    expect(shown(store, '', except)).toHaveLength(5);
  });

  it('is in no country on a host that is live', () => {
    const store = new ConnectionStore();
    new ConnectionEntry(store).enter(batch(), String);
    store.places = new PlaceIndex(false);
    expect(shown(store, '', conditions)).toEqual([]);
    expect(shown(store, '', except)).toHaveLength(5);
  });
});

it('places that come with rows are taken as they are', () => {
  const store = new ConnectionStore();
  store.places = new PlaceIndex(true);
  new ConnectionEntry(store).enter(batch({ place: true }), String);
  expect(store.row(2).place).toMatchObject({ country: 'DE', system: 'AS24940', where: 'DE · Falkenstein' });
});

it('texts of databases are safe to read', () => {
  const places = new PlaceIndex(false);
  places.set(1, { country: null, city: '<b>\u202eliat', asn: null, organisation: 'a\u0000b' });
  expect(places.words(1)).toMatchObject({ where: '<b>⟨202E⟩liat', organisation: 'a⟨00⟩b' });
});

it('addresses that get new codes keep their places', () => {
  const places = new PlaceIndex(false);
  places.set(1, quad9);
  places.set(300, hetzner);
  places.set(301, null);
  const codes = new Uint32Array(302);
  [codes[300], codes[301]] = [1, 2];
  places.moved(codes);
  expect(places.words(1)?.country).toBe('DE');
  expect(places.isKnown(2)).toBe(true);
  expect(places.words(2)).toBeUndefined();
  expect(places.isKnown(3)).toBe(false);
  expect(places.test('country', 'CH', false)(1)).toBe(false);
  expect(places.test('country', 'DE', false)(1)).toBe(true);
});
