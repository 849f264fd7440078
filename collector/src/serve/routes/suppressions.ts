// /api/v1/suppressions: rules that mute findings, those that are stored too; what a rule would mute, before it is saved.
import type { List, Suppression, SuppressionPreview } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Detection } from '../../detect/detection.ts';
import { severities } from '../../detect/finding.ts';
import { cleanText } from '../../store/host-text.ts';
import type { Store } from '../../store/database.ts';
import type { HostSpanRow } from '../../store/queries/gaps.ts';
import {
  countMuted,
  deleteSuppression,
  insertSuppression,
  listSuppressions,
  type NewSuppression,
  replaceSuppression,
  type SuppressionRow,
} from '../../store/queries/suppressions.ts';
import { actorOf, type Audit } from '../audit.ts';
import type { Identity } from '../auth/access.ts';
import { hostLabels } from '../auth/account-name.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { RequestError } from '../problem.ts';
import { hostId, isNetwork, parseQuery } from '../query/parameters.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';

const noNul = (text: string) => !text.includes('\0');
const peer = z
  .string()
  .max(255)
  .refine(
    (text) => isNetwork(text) || /^(\*?\.)?[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text),
    'an address, a network such as 10.0.0.0/8, or the end of a name such as example.org is required',
  );
const ruleBody = z
  .strictObject({
    detector: z
      .string()
      .regex(/^[a-z][a-z-]{0,39}$/, 'the id of a detector is required')
      .nullable()
      .default(null),
    hostIds: z.array(z.int().min(1)).max(1_000).default([]),
    labels: hostLabels.default([]),
    process: z.string().min(1).max(255).refine(noNul, 'a NUL character cannot be in a name').nullable().default(null),
    peer: peer.nullable().default(null),
    mostSevere: z
      .enum(schemas.severityNames, { error: `one of ${schemas.severityNames.join(', ')} is required` })
      .default('critical'),
    reason: z.string().max(500, 'a reason has at most 500 characters').default(''),
    expiresAt: z.iso.datetime({ offset: true, error: 'a time as in RFC 3339 is required' }).nullable().default(null),
  })
  .refine(
    ({ detector, hostIds, labels, process, peer: far }) =>
      detector !== null || hostIds.length > 0 || labels.length > 0 || process !== null || far !== null,
    { message: 'at least one of detector, hostIds, labels, process and peer is required', path: ['detector'] },
  );
type RuleBody = z.output<typeof ruleBody>;

const common = { tag: 'Findings', query: {} } as const;
const scopeNote = 'Who sees some hosts only names hosts, or labels of their own.';

const listAll = operation({
  ...common,
  method: 'get',
  path: '/suppressions',
  role: 'viewer',
  status: 200,
  summary: 'Rules that mute findings',
  response: schemas.suppressionList,
});
const create = operation({
  ...common,
  method: 'post',
  path: '/suppressions',
  role: 'operator',
  audit: 'suppression.create',
  status: 201,
  summary: 'Mute findings by a rule, those that are stored too; they come back when it goes',
  description: `All conditions that are set must hold. ${scopeNote}`,
  body: ruleBody,
  response: schemas.suppression,
});
const previewOne = operation({
  ...common,
  method: 'post',
  path: '/suppressions/preview',
  role: 'viewer',
  scope: 'read',
  status: 200,
  summary: 'What a rule would mute of what is stored; nothing is saved',
  body: ruleBody,
  response: schemas.suppressionPreview,
});
const replace = operation({
  ...common,
  method: 'put',
  path: '/suppressions/{id}',
  role: 'operator',
  audit: 'suppression.change',
  status: 200,
  summary: 'Change a rule',
  description: scopeNote,
  body: ruleBody,
  response: schemas.suppression,
});
const remove = operation({
  ...common,
  method: 'delete',
  path: '/suppressions/{id}',
  role: 'operator',
  audit: 'suppression.delete',
  status: 204,
  summary: 'Delete a rule; what it muted comes back',
});

export const suppressionOperations = [listAll, create, previewOne, replace, remove];

const example = '{"detector": "beacon", "process": "chronyd", "mostSevere": "medium"}';
const mostRules = 1_000;

export interface SuppressionRouteOptions {
  store: Store;
  detection: Detection;
  audit: Audit;
  now: () => number;
}

export function suppressionRoutes({ store, detection, audit, now }: SuppressionRouteOptions): Hono<ServeEnv> {
  const { db } = store;
  const { rulebook } = detection;
  const routes = new Hono<ServeEnv>();

  /** Their hosts where they are bound; undefined: all. */
  const sightOf = async (identity: Identity): Promise<ReadonlyMap<number, HostSpanRow> | undefined> =>
    isBound(identity) ? new Map((await hostsInSight(db, identity)).map((host) => [host.hostId, host])) : undefined;
  const answer = async (row: SuppressionRow, identity: Identity): Promise<Suppression> => {
    const inSight = await sightOf(identity);
    const counts = await countMuted(db, inSight && [...inSight.keys()]);
    return suppressionOf(row, counts.get(row.id) ?? 0);
  };
  /** Throws RequestError not-found. */
  const find = async (context: ServeContext): Promise<SuppressionRow> => {
    const id = hostId.safeParse(context.req.param('id'));
    const rules = await listSuppressions(db);
    const inSight = await sightOf(context.get('identity'));
    const row = rules.find((rule) => rule.id === id.data);
    if (row === undefined || !isOwn(row, context.get('identity'), inSight)) throw noSuchRule(context);
    return row;
  };
  const checked = async (context: ServeContext): Promise<RuleBody> => {
    const body = await readBody(context, ruleBody, example);
    const identity = context.get('identity');
    if (isOwn(body, identity, await sightOf(identity))) return body;
    throw new RequestError('invalid-request', `hostIds: hosts in your sight, or labels of yours, are required.`, {
      errors: [{ parameter: 'hostIds', detail: 'hosts in your sight, or labels of yours, are required' }],
    });
  };

  routes.get(routeOf(listAll), async (context) => {
    parseQuery({}, queryOf(context));
    const identity = context.get('identity');
    const inSight = await sightOf(identity);
    const counts = await countMuted(db, inSight && [...inSight.keys()]);
    const rules = (await listSuppressions(db)).filter((rule) => concerns(rule, inSight));
    return context.json({
      items: rules.map((rule) => suppressionOf(withinSight(rule, inSight), counts.get(rule.id) ?? 0)),
      nextCursor: null,
      asOf: new Date(now()).toISOString(),
    } satisfies List<Suppression>);
  });

  routes.post(routeOf(create), async (context) => {
    const rule = await checked(context);
    const identity = context.get('identity');
    if ((await listSuppressions(db)).length >= mostRules)
      throw new RequestError('conflict', `There are ${mostRules} rules already; delete one first.`);
    const row = await insertSuppression(db, rowOf(rule, identity));
    await audit(identity, 'suppression.create', { suppression: row.id, rule: JSON.stringify(rule) });
    await rulebook.changed();
    return context.json(await answer(row, identity), 201);
  });

  routes.post(routeOf(previewOne), async (context) => {
    const rule = await readBody(context, ruleBody, example);
    const identity = context.get('identity');
    const inSight = await sightOf(identity);
    const found = await rulebook.preview(rowOf(rule, identity), inSight && new Set(inSight.keys()));
    const names = new Map((await hostsInSight(db, identity)).map(({ hostId: id, name }) => [id, name]));
    return context.json({
      matching: found.matching,
      open: found.open,
      examples: found.examples.map((row) => ({
        id: row.groupKey,
        hostId: row.hostId,
        hostName: names.get(row.hostId) ?? String(row.hostId),
        severity: severities[row.severity]!,
        summary: row.summary,
      })),
    } satisfies SuppressionPreview);
  });

  routes.put(routeOf(replace), async (context) => {
    const { id } = await find(context);
    const rule = await checked(context);
    const identity = context.get('identity');
    const row = await replaceSuppression(db, id, rowOf(rule, identity));
    if (row === undefined) throw noSuchRule(context);
    await audit(identity, 'suppression.change', { suppression: id, rule: JSON.stringify(rule) });
    await rulebook.changed();
    return context.json(await answer(row, identity));
  });

  routes.delete(routeOf(remove), async (context) => {
    const { id } = await find(context);
    const identity = context.get('identity');
    if (!(await deleteSuppression(db, id))) throw noSuchRule(context);
    await audit(identity, 'suppression.delete', { suppression: id });
    await rulebook.changed();
    return context.body(null, 204);
  });

  return routes;
}

type InSight = ReadonlyMap<number, HostSpanRow> | undefined;
type Hosts = Pick<SuppressionRow, 'hostIds' | 'labels'>;

/** Whether it can mute nothing beyond what they see: only then may they change it. */
function isOwn({ hostIds, labels }: Hosts, identity: Identity, inSight: InSight): boolean {
  if (inSight === undefined) return true;
  if (hostIds.length > 0) return hostIds.every((id) => inSight.has(id));
  return labels.length > 0 && labels.every((label) => identity.hostLabels.includes(label));
}

/** Whether it can mute anything that they see. */
function concerns({ hostIds, labels }: Hosts, inSight: InSight): boolean {
  if (inSight === undefined) return true;
  const hosts = [...inSight.values()].filter((host) => hostIds.length === 0 || hostIds.includes(host.hostId));
  return hosts.some((host) => labels.length === 0 || labels.some((label) => host.labels.includes(label)));
}

/** Without hosts and labels of others. */
function withinSight(rule: SuppressionRow, inSight: InSight): SuppressionRow {
  if (inSight === undefined) return rule;
  const labels = new Set([...inSight.values()].flatMap((host) => host.labels));
  return {
    ...rule,
    hostIds: rule.hostIds.filter((id) => inSight.has(id)),
    labels: rule.labels.filter((label) => labels.has(label)),
  };
}

const rowOf = (rule: RuleBody, identity: Identity): NewSuppression => ({
  ...rule,
  process: rule.process === null ? null : cleanText(rule.process, 255),
  mostSevere: severities.indexOf(rule.mostSevere),
  reason: cleanText(rule.reason, 500),
  createdBy: actorOf(identity),
  expiresAt: rule.expiresAt === null ? null : new Date(rule.expiresAt),
});

function suppressionOf(row: SuppressionRow, muted: number): Suppression {
  return {
    ...row,
    mostSevere: severities[row.mostSevere]!,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    muted,
  };
}

const noSuchRule = (context: ServeContext) =>
  new RequestError('not-found', `There is no rule ${JSON.stringify((context.req.param('id') ?? '').slice(0, 64))}.`);
