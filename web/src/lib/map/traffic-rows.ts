// Where traffic goes as the map's list shows it: countries, cities or networks, by what was carried.
import type { TrafficMap, TrafficSum } from '@foretop/proto/api';
import { visible } from '../format/visible.ts';
import type { Sort } from '../table/sort.ts';
import { countryName } from './country-codes.ts';

export const kinds = ['countries', 'cities', 'networks'] as const;
export type Kind = (typeof kinds)[number];

export const measures = ['all', 'rx', 'tx'] as const;
export type Measure = (typeof measures)[number];

export interface TrafficRow {
  /** Stable as long as the place is: "DE", "DE Falkenstein 50.48 12.37", "AS24940". */
  id: string;
  label: string;
  /** Beside it, quieter: the letters of a country, the number of a network. */
  aside: string;
  /** Two letters; empty for a network. */
  country: string;
  rxBytes: number;
  txBytes: number;
  connections: number;
  hosts: number;
  /** Of a network. */
  asn?: number;
  /** Of a city: the far addresses that carried most. */
  topAddresses?: readonly string[];
}

/** Only a city has a place of its own on the map. */
export interface CityRow extends TrafficRow {
  latitude: number;
  longitude: number;
}

const figures = ({ rxBytes, txBytes, connections }: TrafficSum, hosts: number) => ({
  rxBytes,
  txBytes,
  connections,
  hosts,
});

export const countryRows = ({ countries }: TrafficMap): TrafficRow[] =>
  countries.map((part) => {
    const country = visible(part.country);
    return { id: country, label: countryName(country), aside: country, country, ...figures(part, part.hosts) };
  });

export const cityRows = ({ cities }: TrafficMap): CityRow[] =>
  cities.map((part) => {
    const country = visible(part.country);
    const { latitude, longitude } = part;
    const label = part.city === null ? `somewhere in ${countryName(country)}` : visible(part.city);
    const id = `${country} ${label} ${latitude.toFixed(2)} ${longitude.toFixed(2)}`;
    const { topAddresses } = part;
    return { id, label, aside: country, country, latitude, longitude, topAddresses, ...figures(part, part.hosts) };
  });

export const networkRows = ({ networks }: TrafficMap): TrafficRow[] =>
  networks.map((part) => ({
    id: `AS${part.asn}`,
    label: visible(part.organisation ?? '') || `AS${part.asn}`,
    aside: `AS${part.asn}`,
    country: '',
    asn: part.asn,
    ...figures(part, part.hosts),
  }));

export const rowsOf = (kind: Kind, map: TrafficMap): TrafficRow[] =>
  kind === 'countries' ? countryRows(map) : kind === 'cities' ? cityRows(map) : networkRows(map);

export const carried = (row: Pick<TrafficRow, 'rxBytes' | 'txBytes'>, measure: Measure): number =>
  measure === 'rx' ? row.rxBytes : measure === 'tx' ? row.txBytes : row.rxBytes + row.txBytes;

export const sortColumns = ['label', 'all', 'rx', 'tx', 'connections', 'hosts'] as const;

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function sorted(rows: readonly TrafficRow[], { column, descending }: Sort): TrafficRow[] {
  const value = (row: TrafficRow): number =>
    column === 'connections'
      ? row.connections
      : column === 'hosts'
        ? row.hosts
        : carried(row, column === 'rx' || column === 'tx' ? column : 'all');
  const turn = descending ? -1 : 1;
  return rows.toSorted(
    (a, b) =>
      turn * (column === 'label' ? byName.compare(a.label, b.label) : value(a) - value(b)) ||
      byName.compare(a.id, b.id),
  );
}

/** The parameters by which Connections shows what is behind a row. A city it knows by the addresses that carried most. */
export const behind = (row: TrafficRow, span: { from: string; to: string }): URLSearchParams =>
  new URLSearchParams([
    ...(row.asn === undefined ? [['country', row.country]] : [['asn', String(row.asn)]]),
    ...(row.topAddresses ?? []).map((address) => ['address', address]),
    ['from', span.from],
    ['to', span.to],
  ]);
