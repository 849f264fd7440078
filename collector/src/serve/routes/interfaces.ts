// /api/v1/hosts/{id}/interfaces: what a live host reports; interfaces as such have no history.
import type { Interface, List } from '@foretop/proto/api';
import { type InterfaceSample, LiveSection } from '@foretop/proto/live';
import { Hono } from 'hono';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { type Exporter, portionsOf, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { RequestError } from '../problem.ts';
import * as parameters from '../query/parameters.ts';
import { findHost } from './connections.ts';
import { hostIdOf, queryOf, type ServeEnv } from './context.ts';

const liveAnswerMs = 2_000;

const listInterfaces = operation({
  method: 'get',
  path: '/hosts/{id}/interfaces',
  tag: 'Hosts',
  role: 'viewer',
  status: 200,
  summary: 'Interfaces of a live host',
  query: { format: rowFormat },
  response: schemas.interfaceList,
  exports: 'rows',
});

export const interfaceOperations = [listInterfaces];

const columns = Object.keys(schemas.interfaceRow.shape);

export function interfaceRoutes(options: { store: Store; live: LiveHub; exporter: Exporter }): Hono<ServeEnv> {
  const { store, live, exporter } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(listInterfaces), async (context) => {
    const id = hostIdOf(context);
    const query = parameters.parseQuery(listInterfaces.query, queryOf(context));
    const host = await findHost(store, id);
    const tables = await live.tables(id, [LiveSection.LIVE_SECTION_INTERFACES], liveAnswerMs);
    if (tables === undefined) {
      const seen = host.lastSeenAt?.toISOString() ?? 'never';
      throw new RequestError(
        'host-not-live',
        `Interfaces are known while a host is live. Host ${id} was last heard: ${seen}.`,
      );
    }
    const items = tables.interfaces.map(interfaceOf);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = () => portionsOf(items);
      return exporter.respond({ format, name: 'interfaces', columns, rows, signal: context.req.raw.signal });
    }
    const asOf = new Date(tables.asOfUs / 1000).toISOString();
    return context.json({ items, nextCursor: null, asOf } satisfies List<Interface>);
  });

  return routes;
}

function interfaceOf(sample: InterfaceSample): Interface {
  return {
    name: sample.name!,
    up: sample.up ?? false,
    addresses: sample.addresses ?? [],
    hardwareAddress: sample.hardwareAddress ?? '',
    mtu: sample.mtu ?? 0,
    speedMbit: sample.speedMbit || null,
    rxBytes: sample.rxBytes ?? 0,
    txBytes: sample.txBytes ?? 0,
    rxRate: sample.rxRate ?? 0,
    txRate: sample.txRate ?? 0,
    rxPackets: sample.rxPackets ?? 0,
    txPackets: sample.txPackets ?? 0,
    rxErrors: sample.rxErrors ?? 0,
    txErrors: sample.txErrors ?? 0,
    rxDrops: sample.rxDrops ?? 0,
    txDrops: sample.txDrops ?? 0,
  };
}
