// /api/v1/detectors: what is looked for and by which thresholds; and what other thresholds would have found in the history.
import type { BacktestEvent, Detector, DetectorList } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import { runBacktest } from '../../detect/backtest/backtest.ts';
import type { Detection, DetectorState } from '../../detect/detection.ts';
import type { Store } from '../../store/database.ts';
import { countOpenFindings } from '../../store/queries/findings-list.ts';
import { actorOf, type Audit } from '../audit.ts';
import type { Identity } from '../auth/access.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import { exportMedia } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { RequestError } from '../problem.ts';
import { instant, parseQuery, timeOf } from '../query/parameters.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';

const thresholds = z.record(z.string().max(64), z.number());
const settingBody = z.strictObject({ on: z.boolean(), thresholds: thresholds.default({}) });
const backtestBody = z.strictObject({
  from: instant,
  to: instant,
  thresholds: thresholds.default({}),
  hosts: z.array(z.int().min(1)).min(1).max(1_000).optional(),
});

const common = { tag: 'Detectors', query: {}, status: 200 } as const;

const listAll = operation({
  ...common,
  method: 'get',
  path: '/detectors',
  role: 'viewer',
  summary: 'Every detector: what it looks for, its thresholds with their sources, whether it is on, what it costs',
  response: schemas.detectorList,
});
const setOne = operation({
  ...common,
  method: 'put',
  path: '/detectors/{id}',
  role: 'admin',
  audit: 'detector.set',
  summary: 'Switch a detector on or off and set its thresholds; those that are left out get their default',
  body: settingBody,
  response: schemas.detector,
});
const backtest = operation({
  ...common,
  method: 'post',
  path: '/detectors/{id}/backtest',
  role: 'operator',
  audit: 'detector.backtest',
  summary: 'Run a detector over a span of the stored history, with thresholds of your choice; nothing is stored',
  description:
    'The answer is application/jsonl: lines of progress, then one with the result. Closing the connection ends it.',
  body: backtestBody,
  response: schemas.backtestEvent,
});

export const detectorOperations = [listAll, setOne, backtest];

export interface DetectorRouteOptions {
  store: Store;
  detection: Detection;
  audit: Audit;
  now: () => number;
}

export function detectorRoutes({ store, detection, audit, now }: DetectorRouteOptions): Hono<ServeEnv> {
  const { db } = store;
  const routes = new Hono<ServeEnv>();
  let testing = false;

  const stateOf = (context: ServeContext): DetectorState => {
    const id = context.req.param('id') ?? '';
    const state = detection.state(id);
    if (state !== undefined) return state;
    throw new RequestError('not-found', `There is no detector ${JSON.stringify(id.slice(0, 64))}.`);
  };
  const openFindings = async (identity: Identity) => {
    const hostIds = isBound(identity) ? (await hostsInSight(db, identity)).map(({ hostId }) => hostId) : undefined;
    return countOpenFindings(db, hostIds);
  };

  routes.get(routeOf(listAll), async (context) => {
    parseQuery({}, queryOf(context));
    const open = await openFindings(context.get('identity'));
    const { user, system } = process.cpuUsage();
    const { cpu_seconds_total: cpuSeconds = 0, dropped_observations_total: dropped = 0 } = detection.counters();
    return context.json({
      items: detection.states().map((state) => detectorOf(state, open.get(state.detector.id) ?? 0)),
      nextCursor: null,
      asOf: new Date(now()).toISOString(),
      cpuSeconds,
      cpuShare: cpuSeconds / ((user + system) / 1e6),
      droppedObservations: dropped,
      restoring: detection.restoring,
    } satisfies DetectorList);
  });

  routes.put(routeOf(setOne), async (context) => {
    const { detector } = stateOf(context);
    const body = await readBody(context, settingBody, '{"on": true, "thresholds": {}}');
    const values = checkedThresholds(detector, body.thresholds);
    const identity = context.get('identity');
    const standard = Object.entries(detector.thresholds).map(([name, threshold]) => [name, threshold.default]);
    const setting = { on: body.on, thresholds: { ...Object.fromEntries(standard), ...values } };
    await detection.set(detector.id, setting, actorOf(identity));
    await audit(identity, 'detector.set', { detector: detector.id, on: body.on, thresholds: JSON.stringify(values) });
    const open = await openFindings(identity);
    return context.json(detectorOf(detection.state(detector.id)!, open.get(detector.id) ?? 0) satisfies Detector);
  });

  routes.post(routeOf(backtest), async (context) => {
    const { detector, setting } = stateOf(context);
    const body = await readBody(context, backtestBody, '{"from": "…", "to": "…", "thresholds": {}}');
    const values = checkedThresholds(detector, body.thresholds);
    const time = timeOf({ from: body.from, to: body.to }, now() * 1000) as { fromUs: number; toUs: number };
    const identity = context.get('identity');
    const hosts = await hostsInSight(db, identity);
    const names = new Map(hosts.map(({ hostId, name }) => [hostId, name]));
    const hostIds =
      body.hosts?.filter((hostId) => names.has(hostId)) ?? (isBound(identity) ? [...names.keys()] : undefined);
    if (testing) throw new RequestError('unavailable', 'A backtest is under way. Try again when it has ended.');
    testing = true;
    await audit(identity, 'detector.backtest', { detector: detector.id, thresholds: JSON.stringify(values) });
    const stop = new AbortController();
    const events = runBacktest({
      ...{ db, detector, ...time, hostIds, knowledge: detection.knowledge },
      thresholds: { ...setting.thresholds, ...values },
      hostName: (hostId) => names.get(hostId) ?? String(hostId),
      cpus: (hostId) => detection.cpus(hostId),
      signal: AbortSignal.any([stop.signal, context.req.raw.signal]),
    });
    const lines = linesOf(events, stop, () => (testing = false));
    return new Response(lines, { headers: { 'content-type': `${exportMedia.jsonl}; charset=utf-8` } });
  });

  return routes;
}

/** Throws RequestError invalid-request with every fault. */
function checkedThresholds(
  detector: DetectorState['detector'],
  given: Readonly<Record<string, number>>,
): Record<string, number> {
  const errors = Object.entries(given).flatMap(([name, value]) => {
    const threshold = Object.hasOwn(detector.thresholds, name) ? detector.thresholds[name] : undefined;
    const parameter = `thresholds.${name}`;
    if (threshold === undefined)
      return { parameter, detail: `there is none such; there are ${Object.keys(detector.thresholds).join(', ')}` };
    const [least, most] = threshold.range;
    return value >= least && value <= most
      ? []
      : { parameter, detail: `a number from ${least} to ${most} is required` };
  });
  if (errors.length === 0) return { ...given };
  throw new RequestError('invalid-request', `${errors[0]!.parameter}: ${errors[0]!.detail}.`, { errors });
}

function detectorOf({ detector, setting, figures, learnt }: DetectorState, openFindings: number): Detector {
  const { id, title, technique, severity, description, falsePositives, advice, onByDefault } = detector;
  return {
    ...{ id, title, technique, severity, description, falsePositives, advice: [...advice], onByDefault },
    on: setting.on,
    thresholds: Object.entries(detector.thresholds).map(([name, { range, ...threshold }]) => ({
      name,
      value: setting.thresholds[name] ?? threshold.default,
      default: threshold.default,
      least: range[0],
      most: range[1],
      unit: threshold.unit,
      meaning: threshold.meaning,
      source: threshold.source,
    })),
    failure: figures.failure
      ? { at: new Date(figures.failure.atMs).toISOString(), message: figures.failure.message }
      : null,
    learnt,
    cpuSeconds: figures.cpuMs / 1_000,
    observations: figures.observations,
    openFindings,
  };
}

/** Written as they come; a reader that leaves ends the work. */
function linesOf(
  events: AsyncGenerator<BacktestEvent>,
  stop: AbortController,
  ended: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await events.next();
          if (done !== true) return controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
          ended();
          controller.close();
        } catch (error) {
          ended();
          controller.error(error);
        }
      },
      cancel() {
        ended();
        stop.abort();
        void events.return(undefined).catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
