// Where addresses are, out of the databases and from memory.
import { isIPv6 } from 'node:net';
import type { Place, RowPlace } from '@foretop/proto/api';
import { addressKind } from './address-kind.ts';
import { createLru } from './lru.ts';
import type { PlaceDatabase } from './place-database.ts';
import { cityFields, networkFields } from './record-fields.ts';

export interface Places {
  /** From memory; null: not a public address, or nothing is known of it (yet). */
  place(address: string): Place | null;
  row(address: string | null): RowPlace | null;
  /** The databases that these need are read. */
  ready(addresses: readonly string[]): Promise<void>;
  reload(): Promise<void>;
}

/** About 6 MB when it is full. */
const mostRemembered = 20_000;

interface Remembered {
  place: Place | null;
  row: RowPlace | null;
}

const nowhere: Remembered = { place: null, row: null };

export function createPlaces(databases: { city: PlaceDatabase; asn: PlaceDatabase }): Places {
  const { city, asn } = databases;
  const remembered = createLru<string, Remembered>(mostRemembered);
  const isReady = { 4: false, 6: false };

  function remember(address: string): Remembered {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    const found = find(address);
    // What was asked before the databases were read is asked again.
    if (found !== nowhere || isReady[familyOf(address)] || addressKind(address) !== 'public')
      remembered.set(address, found);
    return found;
  }

  function find(address: string): Remembered {
    if (addressKind(address) !== 'public') return nowhere;
    const family = familyOf(address);
    const [cityRecord, asnRecord] = [city.find(address, family), asn.find(address, family)];
    if (!isReady[family]) void ready(family);
    if (cityRecord === undefined && asnRecord === undefined) return nowhere;
    const { country, city: name, region, latitude, longitude } = cityFields(cityRecord ?? {});
    const network = networkFields(asnRecord ?? {});
    const row = { country, city: name, ...network };
    return { row, place: { ...row, region, latitude, longitude } };
  }

  /** What was found before only one of the two was read is forgotten. */
  async function ready(family: 4 | 6): Promise<void> {
    if (isReady[family]) return;
    await Promise.all([city.ready(family), asn.ready(family)]);
    if (isReady[family]) return;
    isReady[family] = true;
    remembered.clear();
  }

  return {
    place: (address) => remember(address).place,
    row: (address) => (address === null ? null : remember(address).row),
    async ready(addresses) {
      const families = new Set(addresses.filter((text) => addressKind(text) === 'public').map(familyOf));
      await Promise.all([...families].map(ready));
    },
    async reload() {
      await Promise.all([city.reload(), asn.reload()]);
      remembered.clear();
    },
  };
}

/** IPv4-mapped addresses are written as IPv4 everywhere. */
const familyOf = (address: string): 4 | 6 => (isIPv6(address) ? 6 : 4);
