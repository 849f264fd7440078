// /api/v1/hosts/{id}/bandwidth: the last seconds from pulses and chunks, longer spans from minutes; what is missing is null.
import type { Bandwidth } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { type BandwidthQuery, type Carried, selectMinutes, selectSeconds } from '../../store/queries/bandwidth.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { selectGaps } from '../../store/queries/gaps.ts';
import { type Exporter, portionsOf, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { invalidQuery, parseQuery, stepSeconds } from '../query/parameters.ts';
import * as parameters from '../query/parameters.ts';
import {
  type AlignedSpan,
  alignSpan,
  minuteSeconds,
  mostGaps,
  points,
  secondUs,
  spanOf,
  standardMinutes,
} from '../query/series.ts';
import { findHost } from './connections.ts';
import { hostIdOf, queryOf, type ServeEnv } from './context.ts';
import { gapEntry } from './gaps.ts';

const standardSpanUs = 30_000_000;
/** Spans up to here are answered second by second. */
const secondsSpanUs = 15 * 60_000_000;
const getBandwidth = operation({
  method: 'get',
  path: '/hosts/{id}/bandwidth',
  tag: 'Hosts',
  role: 'viewer',
  status: 200,
  summary: 'What a host or one of its interfaces carried; the last 30 s unless asked otherwise',
  query: {
    from: parameters.from,
    to: parameters.to,
    step: stepSeconds.optional(),
    interface: z
      .string()
      .min(1, 'a name is required')
      .max(255)
      .refine((name) => !name.includes('\0'), 'is not a name')
      .optional()
      .describe('The name of an interface; the whole host unless given.'),
    format: rowFormat,
  },
  response: schemas.bandwidth,
  exports: 'rows',
});

export const bandwidthOperations = [getBandwidth];

const columns = Object.keys(schemas.bandwidthPoint.shape);

export function bandwidthRoutes(options: {
  store: Store;
  live: LiveHub;
  exporter: Exporter;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, live, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(getBandwidth), async (context) => {
    const hostId = hostIdOf(context);
    const query = parseQuery(getBandwidth.query, queryOf(context));
    const span = alignedSpan(query, now() * 1000);
    await findHost(store, hostId);
    const subject = query.interface === undefined ? '' : `if:${query.interface}`;
    const asked = { hostId, subject, fromUs: span.fromUs, toUs: span.toUs };
    const [carried, gaps] = await boundedRead(store.db, async (db) => [
      span.stepUs < minuteSeconds * secondUs
        ? await selectSeconds(db, asked)
        : await selectMinutes(db, { ...asked, stepUs: span.stepUs }),
      await selectGaps(db, { hostIds: [hostId], fromUs: span.fromUs, toUs: span.toUs, limit: mostGaps }),
    ]);
    const recent = subject === '' && span.stepUs < minuteSeconds * secondUs ? recentSeconds(live, asked, carried) : [];
    const items = points([...carried, ...recent], span);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = () => portionsOf(items);
      return exporter.respond({ format, name: 'bandwidth', columns, rows, signal: context.req.raw.signal });
    }
    return context.json({
      items,
      nextCursor: null,
      asOf: new Date(span.toUs / 1000).toISOString(),
      stepSeconds: span.stepUs / secondUs,
      subject: query.interface ?? '',
      gaps: gaps.map(gapEntry),
    } satisfies Bandwidth);
  });

  return routes;
}

/** The span that was asked for, widened to whole steps. Throws RequestError. */
function alignedSpan(
  query: { from?: number | undefined; to?: number | undefined; step?: number | undefined },
  nowUs: number,
): AlignedSpan {
  const span = spanOf(query, nowUs, standardSpanUs);
  return alignSpan(span, stepOf(span.toUs - span.fromUs, query.step));
}

/** Seconds. Beyond 15 minutes only whole minutes are there. */
function stepOf(spanUs: number, asked: number | undefined): number {
  const minutes = spanUs > secondsSpanUs || (asked ?? 0) >= minuteSeconds;
  if (!minutes) return asked ?? 1;
  if (asked === undefined) return standardMinutes(spanUs);
  if (asked % minuteSeconds === 0) return asked;
  throw invalidQuery([
    {
      parameter: 'step',
      detail: `must be whole minutes (60, 120 …) from a minute on and for spans over ${secondsSpanUs / secondUs / minuteSeconds} minutes`,
    },
  ]);
}

/** Seconds that are not in a chunk yet, since chunks arrive when their minute is over. A pulse's rate is its last second's. */
function recentSeconds(live: LiveHub, asked: BandwidthQuery, carried: readonly Carried[]): Carried[] {
  const afterUs = carried.reduce((newest, { timeUs }) => Math.max(newest, timeUs), asked.fromUs - 1);
  return live
    .history(asked.hostId)
    .map((sample) => ({
      timeUs: sample.timeUs! - secondUs,
      seconds: 1,
      rxBytes: sample.rxRate!,
      txBytes: sample.txRate!,
    }))
    .filter(({ timeUs }) => timeUs > afterUs && timeUs < asked.toUs);
}
