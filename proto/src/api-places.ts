// Resources of the REST API about where addresses are, what else is known of them, and where the traffic goes. Part of api.ts.
import type { List, UnknownSpan } from './api.ts';

/** Where an address is and whose it is, by the databases at hand; a guess of theirs, never a fact. null = not known. */
export interface RowPlace {
  /** ISO 3166-1 alpha-2, such as DE. */
  country: string | null;
  city: string | null;
  /** Number of the autonomous system that announces the address. */
  asn: number | null;
  organisation: string | null;
}

export interface Place extends RowPlace {
  /** State, province or the like. */
  region: string | null;
  /** Degrees; of the city, or of the middle of the country. */
  latitude: number | null;
  longitude: number | null;
}

/** What may be asked about: only `public` addresses have a place. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'link-local' | 'multicast' | 'reserved';

/** An entry of a known-bad list that names something. */
export interface Listing {
  /** The list's file name without its ending. */
  list: string;
  /** As the list has it: an address, a network or a domain. */
  entry: string;
}

/** Of GET /places?address=A,B (at most 100). */
export interface AddressPlace {
  address: string;
  kind: AddressKind;
  place: Place | null;
  listed: Listing | null;
  /** What the DNS says that its name is: the claim of whoever owns the address. */
  reverseName: string | null;
  /** `asked`: under way, ask again in a second. `none`: there is no name. `off`: not asked, by the settings. `failed`: no answer. */
  reverse: 'known' | 'none' | 'asked' | 'off' | 'failed';
}

/** The licences of the databases ask for these on pages that show what comes from them. */
export interface Attribution {
  /** "IP geolocation by DB-IP" */
  text: string;
  url: string;
  licence: string;
  licenceUrl: string;
}

export interface AddressPlaceList extends List<AddressPlace> {
  attributions: Attribution[];
}

/** Of POST /places/rows with `{"addresses": ["A", "B"]}`: no more than a row of a table shows, and no name is asked for. */
export interface RowPlaceList extends List<{ address: string; place: RowPlace | null }> {
  /** Whether there is a database of each kind, so that what is not known can be told from what cannot be known. */
  databases: Pick<PlaceDatabase, 'kind' | 'state'>[];
  attributions: Attribution[];
}

export interface PlaceDatabase {
  kind: 'city' | 'asn';
  /** File names without their folders; one for each family, or one for both. */
  files: string[];
  /** `on-demand`: it is read when somebody asks first. `missing` and `faulty`: see `detail`. */
  state: 'ready' | 'on-demand' | 'missing' | 'faulty' | 'off';
  detail: string;
  /** When its maker built it. */
  builtAt: string | null;
  /** Memory that it takes at the moment. */
  bytes: number;
}

export interface KnownBadList {
  name: string;
  /** Entries that are in effect. */
  addresses: number;
  networks: number;
  domains: number;
  readAt: string;
  /** Lines that say nothing that can be used; at most 20 of them. */
  faults: { line: number; detail: string }[];
  /** All of them. */
  faultyLines: number;
}

/** GET /enrichment, and the answer of POST /enrichment/reload (administrators). */
export interface Enrichment {
  asOf: string;
  databases: PlaceDatabase[];
  lists: KnownBadList[];
  /** What keeps the folder of lists from being read; empty = nothing. */
  listsProblem: string;
  reverseDns: { on: boolean; cached: number; waiting: number };
  attributions: Attribution[];
}

/** Bytes and connections with some far ends, seen from the enrolled hosts. */
export interface TrafficSum {
  rxBytes: number;
  txBytes: number;
  connections: number;
  /** Different far addresses. */
  addresses: number;
}

/** What the map's countries, cities and networks have beside: the dashboard goes from them to the connections behind. */
export interface TrafficPart extends TrafficSum {
  /** The far addresses that carried most, at most 20, most bytes first. */
  topAddresses: string[];
}

export interface TrafficCountry extends TrafficPart {
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** Hosts of ours that talk with it. */
  hosts: number;
}

export interface TrafficCity extends TrafficCountry {
  /** null: the database knows the country only. */
  city: string | null;
  latitude: number;
  longitude: number;
}

export interface TrafficNetwork extends TrafficPart {
  asn: number;
  organisation: string | null;
  hosts: number;
}

/** GET /traffic-map?from&to&host: most bytes first. The last hour unless a span is given; at most 31 days. */
export interface TrafficMap {
  asOf: string;
  from: string;
  to: string;
  total: TrafficSum;
  countries: TrafficCountry[];
  /** At most 500. */
  cities: TrafficCity[];
  /** At most 100. */
  networks: TrafficNetwork[];
  /** Private, loopback, link-local and multicast addresses. */
  local: TrafficSum;
  /** Public addresses of which the databases know nothing. */
  unplaced: TrafficSum;
  /** What went to addresses beyond the 20,000 that carried most: part of `total`, of nothing else. */
  beyond: TrafficSum;
  attributions: Attribution[];
  unknown: UnknownSpan[];
}
