// What records of place databases say, in the forms in which their makers write it: flat, as GeoIP2, or as IPinfo.
import { cleanText } from '../store/host-text.ts';
import type { PlaceRecord } from './place-database.ts';

export interface CityFields {
  country: string | null;
  region: string | null;
  city: string | null;
  latitude: number | null;
  longitude: number | null;
}

export interface NetworkFields {
  asn: number | null;
  organisation: string | null;
}

export function cityFields(record: PlaceRecord): CityFields {
  const country = text(
    record,
    ['country_code'],
    ['country', 'iso_code'],
    ['registered_country', 'iso_code'],
    ['country'],
  );
  const latitude = degrees(90, record, ['latitude'], ['location', 'latitude'], ['lat']);
  const longitude = degrees(180, record, ['longitude'], ['location', 'longitude'], ['lng']);
  const both = latitude !== null && longitude !== null;
  return {
    country: country !== null && /^[A-Za-z]{2}$/.test(country) ? country.toUpperCase() : null,
    region: text(record, ['state1'], ['subdivisions', '0', 'names', 'en'], ['region']),
    city: text(record, ['city', 'names', 'en'], ['city']),
    latitude: both ? latitude : null,
    longitude: both ? longitude : null,
  };
}

export function networkFields(record: PlaceRecord): NetworkFields {
  const asn = at(record, ['autonomous_system_number']) ?? at(record, ['asn']);
  const number = typeof asn === 'string' ? Number(asn.replace(/^AS/i, '')) : asn;
  return {
    asn: Number.isInteger(number) && (number as number) > 0 && (number as number) < 2 ** 32 ? (number as number) : null,
    organisation: text(record, ['autonomous_system_organization'], ['as_name'], ['as_organization'], ['name']),
  };
}

type Path = readonly string[];

function at(record: PlaceRecord, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as PlaceRecord)[key] : undefined),
    record,
  );
}

const longestText = 200;

/** The first that there is. */
function text(record: PlaceRecord, ...paths: Path[]): string | null {
  const found = paths.map((path) => at(record, path)).find((value) => typeof value === 'string' && value !== '');
  return found === undefined ? null : cleanText(found as string, longestText);
}

function degrees(most: number, record: PlaceRecord, ...paths: Path[]): number | null {
  const found = paths.map((path) => at(record, path)).find((value) => typeof value === 'number' || isDecimal(value));
  const value = Number(found);
  return found !== undefined && Math.abs(value) <= most ? value : null;
}

const isDecimal = (value: unknown) => typeof value === 'string' && /^-?\d{1,3}(\.\d+)?$/.test(value);
