// /api/v1/places and /enrichment: where addresses are and what else is known of them, by databases and lists at hand.
import type { AddressPlaceList, Enrichment as EnrichmentState, RowPlaceList } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import { parseAddress } from '../../enrich/parse-address.ts';
import type { Enrichment } from '../../enrich/enrichment.ts';
import type { Audit } from '../audit.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/place-schemas.ts';
import { parseQuery } from '../query/parameters.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeEnv } from './context.ts';

const mostAddresses = 100;
/** As many as fit into a body, whatever they are. */
const mostRowAddresses = 300;
/** Names that come later are there when it is asked again. */
const waitMs = 300;

const address = z
  .string()
  .max(mostAddresses * 46)
  .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
  .pipe(
    z
      .array(z.string().refine((text) => parseAddress(text) !== undefined, 'IP addresses with commas are required'))
      .max(mostAddresses, `at most ${mostAddresses} addresses are possible`),
  )
  .describe(`IP addresses with commas between them, at most ${mostAddresses}.`);

const listPlaces = operation({
  method: 'get',
  path: '/places',
  tag: 'Places',
  role: 'viewer',
  status: 200,
  summary: 'Where addresses are, who announces them, their names, and lists that name them',
  description: 'Asking makes the reverse DNS of the addresses be asked for, unless that is switched off.',
  query: { address },
  response: schemas.addressPlaceList,
});
const rowAddresses = z.strictObject({
  addresses: z
    .array(
      z
        .string()
        .max(45)
        .refine((text) => parseAddress(text) !== undefined, 'an IP address is required'),
    )
    .min(1)
    .max(mostRowAddresses),
});

const placeRows = operation({
  method: 'post',
  path: '/places/rows',
  tag: 'Places',
  role: 'viewer',
  scope: 'read',
  status: 200,
  summary: 'Where addresses are and who announces them, for the rows of a table',
  description: 'As connections have it in `place`. Nothing is stored, and no name is asked for.',
  query: {},
  body: rowAddresses,
  response: schemas.rowPlaceList,
});
const getState = operation({
  method: 'get',
  path: '/enrichment',
  tag: 'Places',
  role: 'viewer',
  status: 200,
  summary: 'Databases of places and known-bad lists: what is in use, how old it is, what is wrong with it',
  query: {},
  response: schemas.enrichment,
});
const reload = operation({
  method: 'post',
  path: '/enrichment/reload',
  tag: 'Places',
  role: 'admin',
  audit: 'enrichment.reload',
  status: 200,
  summary: 'Read databases that are in use and known-bad lists again',
  query: {},
  response: schemas.enrichment,
});

export const placeOperations = [listPlaces, placeRows, getState, reload];

export function placeRoutes(options: { enrichment: Enrichment; audit: Audit; now: () => number }): Hono<ServeEnv> {
  const { enrichment, audit, now } = options;
  const routes = new Hono<ServeEnv>();
  const asOf = () => new Date(now()).toISOString();

  routes.get(routeOf(listPlaces), async (context) => {
    const query = parseQuery(listPlaces.query, queryOf(context));
    const items = await enrichment.about(query.address, waitMs);
    const attributions = enrichment.attributions();
    return context.json({ items, nextCursor: null, asOf: asOf(), attributions } satisfies AddressPlaceList);
  });

  routes.post(routeOf(placeRows), async (context) => {
    const body = await readBody(context, rowAddresses, '{"addresses": ["9.9.9.9"]}');
    const addresses = [...new Set(body.addresses)];
    await enrichment.ready(addresses);
    const items = addresses.map((address) => ({ address, place: enrichment.rowPlace(address) }));
    const databases = enrichment.state().databases.map(({ kind, state }) => ({ kind, state }));
    const attributions = enrichment.attributions();
    const answer: RowPlaceList = { items, nextCursor: null, asOf: asOf(), databases, attributions };
    return context.json(answer);
  });

  routes.get(routeOf(getState), (context) => {
    parseQuery({}, queryOf(context));
    return context.json({ asOf: asOf(), ...enrichment.state() } satisfies EnrichmentState);
  });

  routes.post(routeOf(reload), async (context) => {
    await enrichment.reload();
    await audit(context.get('identity'), 'enrichment.reload', {});
    return context.json({ asOf: asOf(), ...enrichment.state() } satisfies EnrichmentState);
  });

  return routes;
}
