// /api/v1/findings: what detectors found, grouped over hosts; triage; counts.
import type { FindingDetail, FindingList, FindingsChanged, FindingSummary } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Detection } from '../../detect/detection.ts';
import { changeFindings } from '../../detect/findings/change.ts';
import { severities } from '../../detect/finding.ts';
import { cleanText } from '../../store/host-text.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import {
  countFindingGroups,
  type FindingColumn,
  findingColumnNames,
  type FindingFilter,
  type FindingGroupRow,
  findingGroupsQuery,
  findingSortColumns,
  selectFindingEvents,
  selectFindingHosts,
} from '../../store/queries/findings-list.ts';
import { streamRows } from '../../store/queries/stream-rows.ts';
import { actorOf, type Audit } from '../audit.ts';
import type { Identity } from '../auth/access.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import { type Exporter, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { RequestError } from '../problem.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import { eventOf, findingOf, onHostOf } from '../query/finding-rows.ts';
import * as parameters from '../query/parameters.ts';
import { checkSortValue } from '../query/sort-value.ts';
import { readBody } from './body.ts';
import { askedHosts, queryOf, type ServeContext, type ServeEnv } from './context.ts';

const findingId = z.string().regex(/^[0-9a-f]{32}$/, '32 hex digits are required');
const state = z.enum(schemas.findingStates, { error: `one of ${schemas.findingStates.join(', ')} is required` });
const mostIds = 500;
const longestNote = 2_000;
const changeBody = z
  .strictObject({
    state: state.optional(),
    note: z.string().max(longestNote, `a note has at most ${longestNote} characters`).optional(),
    hosts: z.array(z.int().min(1)).min(1).max(1_000).optional(),
  })
  .refine((body) => body.state !== undefined || body.note !== undefined, 'a state or a note is required');
const changeManyBody = z.strictObject({ ids: z.array(findingId).min(1).max(mostIds), state });

const common = { tag: 'Findings', role: 'viewer', status: 200 } as const;

const listAll = operation({
  ...common,
  method: 'get',
  path: '/findings',
  summary: 'What detectors found; the same thing on several hosts is one finding',
  description: 'Hosts, counts and states are of those hosts that the filter takes.',
  query: {
    severity: parameters
      .choice(
        z
          .enum(schemas.severityNames, { error: `any of ${schemas.severityNames.join(', ')} is required` })
          .transform((name) => severities.indexOf(name)),
      )
      .optional()
      .describe(`Any of ${schemas.severityNames.join(', ')}.`),
    detector: parameters
      .choice(z.string().regex(/^[a-z][a-z-]{0,39}$/, 'the id of a detector is required, such as port-scan'))
      .optional()
      .describe('Ids of detectors.'),
    state: parameters
      .choice(state)
      .optional()
      .describe(`Any of ${schemas.findingStates.join(', ')}.`),
    host: parameters.hosts.optional(),
    q: parameters.words
      .optional()
      .describe('Words that all stand somewhere in summary, peer, process, executable, note, detector or host.'),
    from: parameters.from.describe('Seen then or later (RFC 3339).'),
    to: parameters.to.describe('Seen then or earlier (RFC 3339).'),
    sort: parameters.sort<FindingColumn>(findingColumnNames, '-lastSeenAt'),
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  response: schemas.findingList,
  exports: 'rows',
});
const getSummary = operation({
  ...common,
  method: 'get',
  path: '/findings/summary',
  summary: 'How many findings there are by state and severity, and the hosts that have new ones',
  query: {},
  response: schemas.findingSummary,
});
const getOne = operation({
  ...common,
  method: 'get',
  path: '/findings/{id}',
  summary: 'One finding with its hosts, evidence, timeline and what to do',
  query: {},
  response: schemas.findingDetail,
});
const changeOne = operation({
  ...common,
  method: 'patch',
  path: '/findings/{id}',
  role: 'operator',
  audit: 'finding.change',
  summary: 'Set the state of a finding, or write a note, on all its hosts in sight or on some',
  query: {},
  body: changeBody,
  response: schemas.findingsChanged,
});
const changeMany = operation({
  ...common,
  method: 'patch',
  path: '/findings',
  role: 'operator',
  audit: 'finding.change',
  summary: 'Set the state of several findings, on all their hosts in sight',
  query: {},
  body: changeManyBody,
  response: schemas.findingsChanged,
});

export const findingOperations = [listAll, getSummary, getOne, changeOne, changeMany];

const columns = Object.keys(schemas.finding.shape);
const mostHostsOfItem = 20;
const mostHostsOfDetail = 100;
const mostEvents = 200;
const mostTotal = 10_000;
const position = z.strictObject({ value: z.string().max(8_192), groupKey: findingId });

export interface FindingRouteOptions {
  store: Store;
  detection: Detection;
  exporter: Exporter;
  audit: Audit;
  now: () => number;
}

export function findingRoutes({ store, detection, exporter, audit, now }: FindingRouteOptions): Hono<ServeEnv> {
  const { db } = store;
  const routes = new Hono<ServeEnv>();
  const detectorOf = (id: string) => detection.state(id)?.detector;

  const items = async (groups: readonly FindingGroupRow[], filter: FindingFilter) => {
    const keys = groups.map(({ groupKey }) => groupKey);
    const rows = await boundedRead(db, (read) => selectFindingHosts(read, keys, filter, mostHostsOfItem));
    const byGroup = Map.groupBy(rows, ({ groupKey }) => groupKey);
    // One that went meanwhile has no rows.
    return groups.flatMap((group) => {
      const hosts = byGroup.get(group.groupKey);
      return hosts === undefined ? [] : [findingOf(group, hosts, detectorOf, mostHostsOfItem)];
    });
  };

  routes.get(routeOf(listAll), async (context) => {
    const query = parameters.parseQuery(listAll.query, queryOf(context));
    const { severity, detector, state: states, sort, limit } = query;
    const asked = await askedHosts(store, context.get('identity'), query.host);
    const hostIds = asked.named ? asked.hosts.map(({ hostId }) => hostId) : undefined;
    const span = { fromUs: query.from, toUs: query.to };
    const filter: FindingFilter = { hostIds, severity, detector, state: states, words: query.q, ...span };
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = async function* (signal: AbortSignal) {
        const all = findingGroupsQuery({ filter, sort });
        for await (const portion of streamRows(db, all, signal)) yield await items(portion, filter);
      };
      return exporter.respond({ format, name: 'findings', columns, rows, signal: context.req.raw.signal });
    }
    const of = fingerprint(['findings', filter, sort]);
    const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, of, position);
    if (after !== undefined) checkSortValue(after.value, findingSortColumns[sort.column].type);
    const found = await boundedRead(db, async (read) => ({
      groups: (await findingGroupsQuery({ filter, sort, limit: limit + 1, after }).execute(read)).rows,
      total: await countFindingGroups(read, filter, mostTotal + 1),
    }));
    const groups = found.groups.slice(0, limit);
    const last = groups.at(-1);
    const more = found.groups.length > limit && last !== undefined;
    return context.json({
      items: await items(groups, filter),
      nextCursor: more ? encodeCursor(of, { value: last.sortValue, groupKey: last.groupKey }) : null,
      asOf: new Date(now()).toISOString(),
      total: found.total > mostTotal ? null : found.total,
    } satisfies FindingList);
  });

  routes.get(routeOf(getSummary), async (context) => {
    parameters.parseQuery({}, queryOf(context));
    const inSight = await sightOf(context.get('identity'));
    const { tallies } = detection;
    const hosts = [...tallies.newByHost(inSight)].map(([hostId, counts]) => ({ hostId, new: counts }));
    return context.json({
      asOf: new Date(now()).toISOString(),
      states: tallies.states(inSight),
      hosts: hosts.sort((a, b) => a.hostId - b.hostId).slice(0, mostTotal),
    } satisfies FindingSummary);
  });

  routes.get(routeOf(getOne), async (context) => {
    parameters.parseQuery({}, queryOf(context));
    const id = idOf(context);
    const inSight = await sightOf(context.get('identity'));
    const filter: FindingFilter = { hostIds: inSight && [...inSight] };
    const { groups, hosts, events } = await boundedRead(db, async (read) => {
      const rows = await selectFindingHosts(read, [id], filter, mostHostsOfDetail);
      const hostIds = rows.map(({ hostId }) => hostId);
      return {
        hosts: rows,
        groups: (
          await findingGroupsQuery({
            filter: { ...filter, groupKey: id },
            sort: { column: 'lastSeenAt', descending: true },
          }).execute(read)
        ).rows,
        events: await selectFindingEvents(read, id, hostIds, mostEvents),
      };
    });
    const group = groups[0];
    if (group === undefined || hosts.length === 0) throw noSuchFinding(id);
    const detector = detectorOf(hosts[0]!.detector);
    return context.json({
      asOf: new Date(now()).toISOString(),
      finding: findingOf(group, hosts, detectorOf, mostHostsOfItem),
      hosts: hosts.map(onHostOf),
      timeline: events.map(eventOf),
      description: detector?.description ?? '',
      falsePositives: detector?.falsePositives ?? '',
      advice: [...(detector?.advice ?? [])],
    } satisfies FindingDetail);
  });

  routes.patch(routeOf(changeOne), async (context) => {
    const id = idOf(context);
    const body = await readBody(context, changeBody, '{"state": "acknowledged", "note": "…"}');
    const identity = context.get('identity');
    const note = body.note === undefined ? undefined : cleanText(body.note, longestNote);
    const changed = await change(identity, [id], { state: body.state, note }, body.hosts);
    if (changed === undefined) throw noSuchFinding(id);
    await audit(identity, 'finding.change', {
      finding: id,
      ...(body.state !== undefined && { state: body.state }),
      ...(note !== undefined && { note }),
      hosts: body.hosts?.join(',') ?? 'all in sight',
    });
    return context.json({ changed } satisfies FindingsChanged);
  });

  routes.patch(routeOf(changeMany), async (context) => {
    const body = await readBody(context, changeManyBody, '{"ids": ["…"], "state": "resolved"}');
    const identity = context.get('identity');
    const changed = (await change(identity, body.ids, { state: body.state }, undefined)) ?? 0;
    await audit(identity, 'finding.change', { findings: body.ids.join(','), state: body.state });
    return context.json({ changed } satisfies FindingsChanged);
  });

  /** undefined: none of them is in sight. */
  async function change(
    identity: Identity,
    ids: readonly string[],
    what: Pick<z.output<typeof changeBody>, 'state' | 'note'>,
    wanted: readonly number[] | undefined,
  ): Promise<number | undefined> {
    const inSight = await sightOf(identity);
    const hostIds = wanted === undefined ? inSight && [...inSight] : wanted.filter((id) => inSight?.has(id) !== false);
    const by = actorOf(identity);
    const parts = { db, tallies: detection.tallies, tell: detection.findings.tell, now };
    return changeFindings(parts, { groupKeys: ids, hostIds }, { ...what, by });
  }

  /** undefined: every host. */
  async function sightOf(identity: Identity): Promise<ReadonlySet<number> | undefined> {
    if (!isBound(identity)) return undefined;
    return new Set((await hostsInSight(db, identity)).map(({ hostId }) => hostId));
  }

  return routes;
}

/** The {id} of /findings/{id}. Throws RequestError not-found. */
function idOf(context: ServeContext): string {
  const text = context.req.param('id') ?? '';
  if (!findingId.safeParse(text).success) throw noSuchFinding(text);
  return text;
}

function noSuchFinding(id: string): RequestError {
  return new RequestError('not-found', `There is no finding ${JSON.stringify(id.slice(0, 64))}.`);
}
