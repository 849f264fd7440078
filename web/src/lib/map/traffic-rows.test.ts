// The map's list: names, order, hostile texts, and the way to the connections behind a row.
import type { TrafficMap } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { behind, carried, cityRows, countryRows, networkRows, sorted } from './traffic-rows.ts';

const part = { rxBytes: 10, txBytes: 1, connections: 2, addresses: 1, hosts: 1, topAddresses: ['203.0.113.7'] };
const map = {
  countries: [
    { country: 'DE', ...part },
    { country: 'US', ...part, rxBytes: 1, txBytes: 50, connections: 9 },
    { country: 'SG', ...part, rxBytes: 3, txBytes: 3, hosts: 4 },
  ],
  cities: [
    { country: 'DE', city: 'Falken\u202estein', latitude: 50.47, longitude: 12.37, ...part },
    { country: 'DE', city: null, latitude: 51, longitude: 9, ...part },
  ],
  networks: [
    { asn: 24940, organisation: 'Hetzner Online GmbH', ...part },
    { asn: 64500, organisation: null, ...part },
  ],
} as unknown as TrafficMap;

it('countries bear their names, cities theirs or none, networks their organisations', () => {
  expect(countryRows(map).map(({ label, aside }) => `${label} ${aside}`)).toEqual([
    'Germany DE',
    'United States US',
    'Singapore SG',
  ]);
  expect(cityRows(map).map(({ label }) => label)).toEqual(['Falken⟨202E⟩stein', 'somewhere in Germany']);
  expect(networkRows(map).map(({ label, aside }) => `${label} ${aside}`)).toEqual([
    'Hetzner Online GmbH AS24940',
    'AS64500 AS64500',
  ]);
});

it.each([
  ['all', true, 'US DE SG'],
  ['rx', true, 'DE SG US'],
  ['tx', false, 'DE SG US'],
  ['connections', true, 'US DE SG'],
  ['hosts', true, 'SG DE US'],
  ['label', false, 'DE SG US'],
  ['label', true, 'US SG DE'],
])('by %s, descending %s: %s', (column, descending, order) =>
  expect(
    sorted(countryRows(map), { column, descending })
      .map(({ id }) => id)
      .join(' '),
  ).toBe(order),
);

it('a measure counts one way or both', () =>
  expect((['all', 'rx', 'tx'] as const).map((measure) => carried(countryRows(map)[0]!, measure))).toEqual([11, 10, 1]));

it('the connections behind a row are those of its country or network in the same span, of a city those with its addresses', () => {
  const span = { from: '2026-11-20', to: '2026-11-21' };
  const asked = [countryRows(map)[0]!, cityRows(map)[0]!, networkRows(map)[0]!].map((row) =>
    behind(row, span).toString(),
  );
  expect(asked).toEqual([
    'country=DE&from=2026-11-20&to=2026-11-21',
    'country=DE&address=203.0.113.7&from=2026-11-20&to=2026-11-21',
    'asn=24940&from=2026-11-20&to=2026-11-21',
  ]);
});
