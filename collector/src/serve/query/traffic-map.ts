// Traffic by country, city and network: sums of far addresses, each put where the databases say that it is.
import type {
  Place,
  TrafficCity,
  TrafficCountry,
  TrafficMap,
  TrafficNetwork,
  TrafficPart,
  TrafficSum,
} from '@foretop/proto/api';
import { addressKind } from '../../enrich/address-kind.ts';
import type { AddressTraffic } from '../../store/queries/traffic-map.ts';

export type MapSums = Pick<TrafficMap, 'total' | 'countries' | 'cities' | 'networks' | 'local' | 'unplaced' | 'beyond'>;

const mostCities = 500;
const mostNetworks = 100;

/** Of a part of the map. */
const mostTopAddresses = 20;

interface Group<Head> {
  head: Head;
  sum: TrafficSum;
  hosts: Set<number>;
  topAddresses: string[];
}

export function mapSums(rows: readonly AddressTraffic[], placeOf: (address: string) => Place | null): MapSums {
  const [total, local, unplaced, beyond] = [emptySum(), emptySum(), emptySum(), emptySum()];
  const countries = new Map<string, Group<{ country: string }>>();
  const cities = new Map<string, Group<Pick<TrafficCity, 'country' | 'city' | 'latitude' | 'longitude'>>>();
  const networks = new Map<number, Group<Pick<TrafficNetwork, 'asn' | 'organisation'>>>();
  for (const row of rows.toSorted((a, b) => bytesOf(b) - bytesOf(a))) {
    add(total, row);
    if (row.address === null) {
      add(beyond, row);
      continue;
    }
    if (addressKind(row.address) !== 'public') {
      add(local, row);
      continue;
    }
    const place = placeOf(row.address);
    if (place?.asn) join(networks, place.asn, { asn: place.asn, organisation: place.organisation }, row);
    if (!place?.country) {
      add(unplaced, row);
      continue;
    }
    const { country, city, latitude, longitude } = place;
    join(countries, country, { country }, row);
    if (latitude === null || longitude === null) continue;
    join(cities, `${country}|${city}|${latitude}|${longitude}`, { country, city, latitude, longitude }, row);
  }
  return {
    ...{ total, local, unplaced, beyond },
    countries: sorted<TrafficCountry>(countries, Infinity),
    cities: sorted<TrafficCity>(cities, mostCities),
    networks: sorted<TrafficNetwork>(networks, mostNetworks),
  };
}

const bytesOf = ({ rxBytes, txBytes }: { rxBytes: number; txBytes: number }) => rxBytes + txBytes;

const emptySum = (): TrafficSum => ({ rxBytes: 0, txBytes: 0, connections: 0, addresses: 0 });

function add(sum: TrafficSum, row: AddressTraffic): void {
  sum.rxBytes += row.rxBytes;
  sum.txBytes += row.txBytes;
  sum.connections += row.connections;
  sum.addresses += row.addresses;
}

function join<Key, Head>(groups: Map<Key, Group<Head>>, key: Key, head: Head, row: AddressTraffic): void {
  let group = groups.get(key);
  if (group === undefined) groups.set(key, (group = { head, sum: emptySum(), hosts: new Set(), topAddresses: [] }));
  add(group.sum, row);
  for (const hostId of row.hostIds) group.hosts.add(hostId);
  if (row.address !== null && group.topAddresses.length < mostTopAddresses) group.topAddresses.push(row.address);
}

/** Most bytes first. */
function sorted<Row extends TrafficPart & { hosts: number }>(
  groups: Map<unknown, Group<Omit<Row, keyof TrafficPart | 'hosts'>>>,
  most: number,
): Row[] {
  return [...groups.values()]
    .map(
      ({ head, sum, hosts, topAddresses }) => ({ ...head, ...sum, hosts: hosts.size, topAddresses }) as unknown as Row,
    )
    .sort((a, b) => bytesOf(b) - bytesOf(a))
    .slice(0, most);
}
