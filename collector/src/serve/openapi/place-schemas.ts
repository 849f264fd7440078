// Schemas of answers about where addresses are and where the traffic goes.
import type * as api from '@foretop/proto/api';
import { z } from 'zod';
import { count, hostId, list, name, span, time, unknownSpan } from './schema-parts.ts';

const rowShape = {
  country: z.string().nullable().describe('ISO 3166-1 alpha-2.'),
  city: z.string().nullable(),
  asn: count().nullable().describe('Number of the autonomous system that announces the address.'),
  organisation: z.string().nullable(),
};

export const rowPlace = name('RowPlace', z.strictObject(rowShape) satisfies z.ZodType<api.RowPlace>);

const place = name(
  'Place',
  z.strictObject({
    ...rowShape,
    region: z.string().nullable(),
    latitude: z.number().nullable(),
    longitude: z.number().nullable(),
  }) satisfies z.ZodType<api.Place>,
);

const attributions = z
  .array(
    z.strictObject({
      text: z.string(),
      url: z.string(),
      licence: z.string(),
      licenceUrl: z.string(),
    }) satisfies z.ZodType<api.Attribution>,
  )
  .describe('To be shown on pages that show this data.');

const listing = z.strictObject({ list: z.string(), entry: z.string() }) satisfies z.ZodType<api.Listing>;

const addressPlace = z.strictObject({
  address: z.string(),
  kind: z.enum(['public', 'private', 'loopback', 'link-local', 'multicast', 'reserved']),
  place: place.nullable(),
  listed: listing.nullable().describe('The known-bad list that names it.'),
  reverseName: z.string().nullable().describe('By reverse DNS: the claim of whoever owns the address.'),
  reverse: z
    .enum(['known', 'none', 'asked', 'off', 'failed'])
    .describe('With asked, the name is being looked for: ask again in a second.'),
}) satisfies z.ZodType<api.AddressPlace>;

export const addressPlaceList = name(
  'AddressPlaceList',
  z.strictObject({ ...list(addressPlace), attributions }) satisfies z.ZodType<api.AddressPlaceList>,
);

const databaseKind = z.enum(['city', 'asn']);
const databaseState = z.enum(['ready', 'on-demand', 'missing', 'faulty', 'off']);

export const rowPlaceList = name(
  'RowPlaceList',
  z.strictObject({
    ...list(z.strictObject({ address: z.string(), place: rowPlace.nullable() })),
    databases: z
      .array(z.strictObject({ kind: databaseKind, state: databaseState }))
      .describe('Whether there is a database of each kind.'),
    attributions,
  }) satisfies z.ZodType<api.RowPlaceList>,
);

export const enrichment = name(
  'Enrichment',
  z.strictObject({
    asOf: time(),
    databases: z.array(
      z.strictObject({
        kind: databaseKind,
        files: z.array(z.string()),
        state: databaseState,
        detail: z.string(),
        builtAt: time().nullable(),
        bytes: count(),
      }),
    ),
    lists: z.array(
      z.strictObject({
        name: z.string(),
        addresses: count(),
        networks: count(),
        domains: count(),
        readAt: time(),
        faults: z.array(z.strictObject({ line: count(), detail: z.string() })),
        faultyLines: count(),
      }),
    ),
    listsProblem: z.string(),
    reverseDns: z.strictObject({ on: z.boolean(), cached: count(), waiting: count() }),
    attributions,
  }) satisfies z.ZodType<api.Enrichment>,
);

const sumShape = { rxBytes: count(), txBytes: count(), connections: count(), addresses: count() };
const sum = z.strictObject(sumShape) satisfies z.ZodType<api.TrafficSum>;
const partShape = {
  ...sumShape,
  topAddresses: z.array(z.string()).describe('The far addresses that carried most, at most 20.'),
};
const country = z.strictObject({ ...partShape, country: z.string(), hosts: count() });

export const trafficMap = name(
  'TrafficMap',
  z.strictObject({
    asOf: time(),
    ...span,
    total: sum,
    countries: z.array(country),
    cities: z.array(
      z.strictObject({
        ...country.shape,
        city: z.string().nullable(),
        latitude: z.number(),
        longitude: z.number(),
      }),
    ),
    networks: z.array(
      z.strictObject({ ...partShape, asn: hostId(), organisation: z.string().nullable(), hosts: count() }),
    ),
    local: sum.describe('Private, loopback, link-local and multicast addresses.'),
    unplaced: sum.describe('Public addresses of which the databases know nothing.'),
    beyond: sum.describe('Addresses beyond those that carried most.'),
    attributions,
    unknown: z.array(unknownSpan),
  }) satisfies z.ZodType<api.TrafficMap>,
);
