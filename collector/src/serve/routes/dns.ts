// /api/v1/dns, /dns/facets and /hosts/{id}/dns: which process asked which name, and what came of it.
import type { DnsExchange, DnsFacets, DnsList } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import {
  dnsColumns,
  type DnsRow,
  dnsQuery,
  dnsSortColumns,
  selectDns,
  selectDnsFacets,
} from '../../store/queries/dns.ts';
import type { DnsFilter } from '../../store/queries/dns-filter.ts';
import { streamRows } from '../../store/queries/stream-rows.ts';
import { dnsFormat, type Exporter, wantedFormat } from '../export/export.ts';
import { dnsLog } from '../export/zeek-dns.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { fingerprint } from '../query/cursor.ts';
import * as dns from '../query/dns-parameters.ts';
import { dnsExchange, dnsFacets } from '../query/dns-rows.ts';
import * as parameters from '../query/parameters.ts';
import { type PlaceSource, rowsWaitMs } from '../query/place-filter.ts';
import { askedSpan, pageOf, resume, spanFacts, spanNote } from '../query/span-list.ts';
import { findHost } from './connections.ts';
import { type AskedHosts, askedHosts, hostIdOf, queryOf, type ServeContext, type ServeEnv } from './context.ts';

const filter = {
  process: parameters.processNames.optional(),
  name: dns.name.optional(),
  type: dns.type.optional(),
  rcode: dns.rcode.optional(),
  resolver: dns.resolver.optional(),
  address: dns.answerAddress.optional(),
  role: dns.role,
  forwarded: dns.forwarded,
  kind: dns.kind.optional(),
  transport: dns.transport.optional(),
  answered: dns.answered,
  slowerThanMs: dns.slowerThanMs,
  at: parameters.at,
  from: parameters.from,
  to: parameters.to,
};
const listing = {
  ...filter,
  sort: parameters.sort(dnsColumns, '-askedAt'),
  limit: parameters.limit,
  cursor: parameters.cursor,
  format: dnsFormat,
};
const host = parameters.hosts.optional();
const common = { method: 'get', tag: 'DNS', role: 'viewer', status: 200, description: spanNote } as const;

const listAll = operation({
  ...common,
  path: '/dns',
  summary: 'DNS questions of all hosts with their answers and processes',
  query: { ...listing, host },
  response: schemas.dnsList,
  exports: 'rows-and-zeek',
});
const facets = operation({
  ...common,
  path: '/dns/facets',
  summary: 'How many questions the filter finds, by what one may filter on next; failures and latency',
  query: { ...filter, host },
  response: schemas.dnsFacets,
});
const listOfHost = operation({
  ...common,
  path: '/hosts/{id}/dns',
  summary: 'DNS questions of one host with their answers and processes',
  query: listing,
  response: schemas.dnsList,
  exports: 'rows-and-zeek',
});

export const dnsOperations = [listAll, facets, listOfHost];

const columns = Object.keys(schemas.dnsExchange.shape);

export interface DnsRoutesOptions {
  store: Store;
  live: LiveHub;
  exporter: Exporter;
  places: PlaceSource;
  keptDays: number;
  now: () => number;
}

export function dnsRoutes(options: DnsRoutesOptions): Hono<ServeEnv> {
  const { store, exporter, places, now } = options;
  const routes = new Hono<ServeEnv>();

  const shown = async (rows: readonly DnsRow[]): Promise<DnsExchange[]> => {
    await places.ready(
      rows.flatMap(({ addresses }) => addresses),
      rowsWaitMs,
    );
    return rows.map((row) => dnsExchange(row, (address) => places.rowPlace(address)));
  };

  const answer = async (context: ServeContext, query: ListQuery, asked: AskedHosts): Promise<Response> => {
    const { sort, limit } = query;
    const filter = filterOf(query, asked);
    const format = wantedFormat(query.format, context.req.header('accept'), true);
    const askedFor = askedSpan(query, now() * 1000);
    if (format !== undefined) {
      const rows = async function* (signal: AbortSignal) {
        const all = dnsQuery({ span: askedFor, filter, sort });
        for await (const portion of streamRows(store.db, all, signal)) yield shown(portion);
      };
      return exporter.respond({ format, name: 'dns', columns, rows, signal: context.req.raw.signal, zeek: dnsLog });
    }
    const of = fingerprint(['dns', filter, sort, query.at, query.from, query.to]);
    const { span, after } = resume(query.cursor, of, dnsSortColumns[sort.column], askedFor);
    const found = await boundedRead(store.db, (db) => selectDns(db, { span, filter, sort, limit: limit + 1, after }));
    const { rows, nextCursor } = pageOf(found, limit, of, span);
    return context.json({
      items: await shown(rows),
      nextCursor,
      ...(await spanFacts(asked, span, options)),
    } satisfies DnsList);
  };

  routes.get(routeOf(listAll), async (context) => {
    const query = parameters.parseQuery(listAll.query, queryOf(context));
    return answer(context, query, await askedHosts(store, context.get('identity'), query.host));
  });

  routes.get(routeOf(facets), async (context) => {
    const query = parameters.parseQuery(facets.query, queryOf(context));
    const asked = await askedHosts(store, context.get('identity'), query.host);
    const span = askedSpan(query, now() * 1000);
    const filter = filterOf(query, asked);
    const counts = await boundedRead(store.db, (db) => selectDnsFacets(db, { span, filter }));
    const names = new Map(asked.hosts.map(({ hostId, name }) => [hostId, name]));
    return context.json({
      ...(await spanFacts(asked, span, options)),
      ...dnsFacets(counts, names),
    } satisfies DnsFacets);
  });

  routes.get(routeOf(listOfHost), async (context) => {
    const id = hostIdOf(context);
    const query = parameters.parseQuery(listOfHost.query, queryOf(context));
    return answer(context, query, { hosts: [await findHost(store, id)], named: true });
  });

  return routes;
}

type FilterQuery = ReturnType<typeof parameters.parseQuery<typeof filter>>;
type ListQuery = ReturnType<typeof parameters.parseQuery<typeof listing>>;

const roles = { client: 1, server: 2, any: undefined } as const;

function filterOf(query: FilterQuery, { hosts, named }: AskedHosts): DnsFilter {
  const { process, name, type, rcode, resolver, address, role, forwarded, kind, transport, answered } = query;
  return {
    hostIds: named ? hosts.map(({ hostId }) => hostId) : undefined,
    process,
    name,
    type,
    rcode,
    resolver,
    address,
    kind,
    transport,
    role: roles[role],
    answered,
    slowerThanUs: query.slowerThanMs === undefined ? undefined : query.slowerThanMs * 1000,
    forwarded: forwarded ?? role !== 'client',
  };
}
