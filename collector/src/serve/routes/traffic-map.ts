// GET /api/v1/traffic-map: with which countries, cities and networks the hosts in sight talked within a span.
import type { TrafficMap } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { Enrichment } from '../../enrich/enrichment.ts';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { selectAddressTraffic } from '../../store/queries/traffic-map.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/place-schemas.ts';
import { fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { createRecentAnswers } from '../query/recent-answers.ts';
import { type Span, spanFacts } from '../query/span-list.ts';
import { mapSums } from '../query/traffic-map.ts';
import { type AskedHosts, askedHosts, queryOf, type ServeEnv } from './context.ts';

const standardSpanUs = 3_600_000_000;
const longestSpanUs = 31 * 86_400_000_000;
/** Spans up to now end at such instants, so that those who look at the same map ask the same. */
const roundUs = 10_000_000;
const goodMs = 10_000;
const mostAnswers = 50;
const mostAddresses = 20_000;
/** Places of so many addresses are looked up without a pause for others. */
const portion = 1_000;

const getMap = operation({
  method: 'get',
  path: '/traffic-map',
  tag: 'Places',
  role: 'viewer',
  status: 200,
  summary: 'Bytes and connections by country, city and network of the far end',
  description:
    'The last hour unless a span is given, which may be 31 days long. Counted are connections, or parts of them, that were recorded within it.',
  query: { host: parameters.hosts.optional(), from: parameters.from, to: parameters.to },
  response: schemas.trafficMap,
});

export const trafficMapOperations = [getMap];

export function trafficMapRoutes(options: {
  store: Store;
  live: LiveHub;
  enrichment: Enrichment;
  keptDays: number;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, enrichment, now } = options;
  const answers = createRecentAnswers<TrafficMap>(goodMs, mostAnswers, now);
  const routes = new Hono<ServeEnv>();

  const make = async (asked: AskedHosts, span: Span): Promise<TrafficMap> => {
    const hostIds = asked.named ? asked.hosts.map(({ hostId }) => hostId) : undefined;
    const rows = await boundedRead(store.db, (db) =>
      selectAddressTraffic(db, { hostIds, ...span, most: mostAddresses }),
    );
    const addresses = rows.flatMap(({ address }) => address ?? []);
    await enrichment.ready(addresses);
    for (let at = 0; at < addresses.length; at += portion) {
      for (const address of addresses.slice(at, at + portion)) enrichment.fullPlace(address);
      await new Promise(setImmediate);
    }
    const sums = mapSums(rows, (address) => enrichment.fullPlace(address));
    return { ...(await spanFacts(asked, span, options)), ...sums, attributions: enrichment.attributions() };
  };

  routes.get(routeOf(getMap), async (context) => {
    const query = parameters.parseQuery(getMap.query, queryOf(context));
    const asked = await askedHosts(store, context.get('identity'), query.host);
    const span = spanOf(query, now() * 1000);
    const hosts = asked.named ? asked.hosts.map(({ hostId }) => hostId) : 'all';
    return context.json(await answers.get(fingerprint([hosts, span]), () => make(asked, span)));
  });

  return routes;
}

/** Throws RequestError. */
function spanOf(query: { from?: number | undefined; to?: number | undefined }, nowUs: number): Span {
  const time = parameters.timeOf(query, nowUs);
  const given = time !== undefined && 'fromUs' in time ? time : undefined;
  const toUs = query.to === undefined || given === undefined ? Math.floor(nowUs / roundUs) * roundUs : given.toUs;
  const fromUs = given?.fromUs ?? toUs - standardSpanUs;
  if (toUs - fromUs > longestSpanUs)
    throw parameters.invalidQuery([{ parameter: 'from', detail: 'lies more than 31 days before the end' }]);
  return { fromUs: Math.min(fromUs, toUs - 1), toUs };
}
