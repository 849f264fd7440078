// /api/v1/connections and /api/v1/hosts/{id}/connections: live, as of an instant, or over a span; as pages, counts or files.
import { Hono } from 'hono';
import type { Store } from '../../store/database.ts';
import { connectionColumns } from '../../store/queries/connection-sort.ts';
import { type HostSpanRow, selectHostSpan } from '../../store/queries/gaps.ts';
import { connectionFormat, type Exporter, type ExportFormat, wantedFormat } from '../export/export.ts';
import { connLog } from '../export/zeek-conn.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { noSuchHost } from '../problem.ts';
import type { ConnectionFinder, ConnectionQuestion } from '../query/find-connections.ts';
import * as parameters from '../query/parameters.ts';
import { askedHosts, hostIdOf, queryOf, type ServeContext, type ServeEnv } from './context.ts';

const filter = {
  state: parameters.states.optional(),
  direction: parameters.direction.optional(),
  protocol: parameters.protocol.optional(),
  process: parameters.processNames.optional(),
  unit: parameters.units.optional(),
  container: parameters.containers.optional(),
  address: parameters.addresses.optional(),
  port: parameters.ports.optional(),
  country: parameters.countries.optional(),
  asn: parameters.systems.optional(),
  q: parameters.words.optional(),
  at: parameters.at,
  from: parameters.from,
  to: parameters.to,
};
const listing = {
  ...filter,
  sort: parameters.sort(connectionColumns, '-rxRate'),
  limit: parameters.limit,
  cursor: parameters.cursor,
  format: connectionFormat,
};
const host = parameters.hosts.optional();
const common = { method: 'get', tag: 'Connections', role: 'viewer', status: 200 } as const;

const listAll = operation({
  ...common,
  path: '/connections',
  summary: 'Connections of all hosts: now, at an instant, or within a span',
  query: { ...listing, host },
  response: schemas.connectionList,
  exports: 'rows-and-zeek',
});
const listOfHost = operation({
  ...common,
  path: '/hosts/{id}/connections',
  summary: 'Connections of one host: now, at an instant, or within a span',
  query: listing,
  response: schemas.connectionList,
  exports: 'rows-and-zeek',
});
const facets = operation({
  ...common,
  path: '/connections/facets',
  summary: 'How many connections the filter finds, by what one may filter on next',
  query: { ...filter, host },
  response: schemas.connectionFacets,
});

export const connectionOperations = [listAll, listOfHost, facets];

const columns = Object.keys(schemas.connection.shape);

export function connectionRoutes(options: {
  store: Store;
  finder: ConnectionFinder;
  exporter: Exporter;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, finder, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  const answer = async (context: ServeContext, question: ConnectionQuestion, format: ExportFormat | undefined) => {
    if (format === undefined) return context.json(await finder.find(question));
    const rows = (signal: AbortSignal) => finder.all(question, signal);
    const { signal } = context.req.raw;
    return exporter.respond({ format, name: 'connections', columns, rows, signal, zeek: connLog });
  };

  routes.get(routeOf(listAll), async (context) => {
    const query = parameters.parseQuery(listAll.query, queryOf(context));
    const question = { ...questionOf(query, now()), ...(await askedHosts(store, context.get('identity'), query.host)) };
    return answer(context, question, wantedFormat(query.format, context.req.header('accept'), true));
  });

  routes.get(routeOf(facets), async (context) => {
    const query = parameters.parseQuery(facets.query, queryOf(context));
    const hosts = await askedHosts(store, context.get('identity'), query.host);
    return context.json(
      await finder.facets({ filter: filterOf(query), time: parameters.timeOf(query, now() * 1000), ...hosts }),
    );
  });

  routes.get(routeOf(listOfHost), async (context) => {
    const id = hostIdOf(context);
    const query = parameters.parseQuery(listOfHost.query, queryOf(context));
    const question = questionOf(query, now());
    const format = wantedFormat(query.format, context.req.header('accept'), true);
    return answer(context, { ...question, hosts: [await findHost(store, id)], named: true }, format);
  });

  return routes;
}

/** Throws RequestError not-found. */
export async function findHost(store: Store, hostId: number): Promise<HostSpanRow> {
  const host = await selectHostSpan(store.db, hostId);
  if (host === undefined) throw noSuchHost(hostId);
  return host;
}

type FilterQuery = ReturnType<typeof parameters.parseQuery<typeof filter>>;
type ListQuery = ReturnType<typeof parameters.parseQuery<typeof listing>>;

function filterOf(query: FilterQuery): ConnectionQuestion['filter'] {
  const { state, direction, protocol, process, unit, container, address, port, country, asn, q } = query;
  const place = country === undefined && asn === undefined ? undefined : { country, asn };
  return { place, state, direction, protocol, process, unit, container, address, port, words: q };
}

function questionOf(query: ListQuery, now: number): Omit<ConnectionQuestion, 'hosts' | 'named'> {
  const { sort, limit, cursor } = query;
  return { filter: filterOf(query), sort, limit, cursor, time: parameters.timeOf(query, now * 1000) };
}
