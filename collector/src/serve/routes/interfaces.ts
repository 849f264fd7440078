// /api/v1/hosts/{id}/interfaces: what a live host reports, and what each interface carried in the past.
import type { Interface, List, RecordedInterface } from '@foretop/proto/api';
import { type InterfaceSample, LiveSection } from '@foretop/proto/live';
import { Hono } from 'hono';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { type RecordedInterfaceRow, selectRecordedInterfaces } from '../../store/queries/recorded-interfaces.ts';
import { type Exporter, portionsOf, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { RequestError } from '../problem.ts';
import * as parameters from '../query/parameters.ts';
import { minuteSeconds, secondUs, spanOf } from '../query/series.ts';
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

const listRecorded = operation({
  method: 'get',
  path: '/hosts/{id}/interfaces/recorded',
  tag: 'Hosts',
  role: 'viewer',
  status: 200,
  summary:
    'What each interface of a host carried within a span, the last hour unless asked otherwise, also while it is away',
  query: { from: parameters.from, to: parameters.to, format: rowFormat },
  response: schemas.recordedInterfaceList,
  exports: 'rows',
});

export const interfaceOperations = [listInterfaces, listRecorded];

const standardSpanUs = 3_600 * secondUs;
const minuteUs = minuteSeconds * secondUs;
const columns = Object.keys(schemas.interfaceRow.shape);
const recordedColumns = Object.keys(schemas.recordedInterface.shape);

export function interfaceRoutes(options: {
  store: Store;
  live: LiveHub;
  exporter: Exporter;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, live, exporter, now } = options;
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

  routes.get(routeOf(listRecorded), async (context) => {
    const hostId = hostIdOf(context);
    const query = parameters.parseQuery(listRecorded.query, queryOf(context));
    const asked = spanOf(query, now() * 1000, standardSpanUs);
    await findHost(store, hostId);
    const span = { fromUs: wholeMinutes(asked.fromUs, 'floor'), toUs: wholeMinutes(asked.toUs, 'ceil') };
    const found = await boundedRead(store.db, (db) => selectRecordedInterfaces(db, { hostId, ...span }));
    const items = found.map(recordedOf);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = () => portionsOf(items);
      return exporter.respond({
        format,
        name: 'interfaces',
        columns: recordedColumns,
        rows,
        signal: context.req.raw.signal,
      });
    }
    const asOf = new Date(asked.toUs / 1000).toISOString();
    return context.json({ items, nextCursor: null, asOf } satisfies List<RecordedInterface>);
  });

  return routes;
}

const wholeMinutes = (unixUs: number, round: 'floor' | 'ceil') => Math[round](unixUs / minuteUs) * minuteUs;

const recordedOf = ({ seconds, ...row }: RecordedInterfaceRow): RecordedInterface => ({
  ...row,
  knownSeconds: seconds,
});

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
