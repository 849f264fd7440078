// /api/v1/audit: who changed what, and with what outcome; and the signed heads of the collector's and the hosts' chains.
import type { AuditEntry, AuditHead, AuditHeads, List } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { HeadSigner } from '../../audit/head.ts';
import type { Store } from '../../store/database.ts';
import { selectAudit, streamAudit } from '../../store/queries/audit.ts';
import { listHostHeads } from '../../store/queries/audit-heads.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import { type Exporter, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { queryOf, type ServeEnv } from './context.ts';

const common = { method: 'get', tag: 'Administration', role: 'admin', status: 200 } as const;

const listAudit = operation({
  ...common,
  path: '/audit',
  summary: 'Who changed what, newest first',
  query: {
    from: parameters.from,
    to: parameters.to,
    actor: z.string().max(255, 'actors have at most 255 characters').optional().describe('Such as "account alice".'),
    action: z
      .string()
      .regex(/^[a-z.-]{1,64}(\.\*)?$/, 'an action such as token.create is required, or a group such as command.*')
      .optional()
      .describe('Such as token.create or command.sign; command.* is all that begin so.'),
    host: parameters.hostId.optional().describe("A host's id: what was about that host."),
    outcome: z
      .enum(['done', 'refused', 'failed'], { error: 'one of done, refused, failed is required' })
      .optional()
      .describe('One of done, refused, failed.'),
    q: parameters.words.optional().describe('Words that all stand somewhere in actor, action or detail.'),
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  response: schemas.auditList,
  exports: 'rows',
});
const listHeads = operation({
  ...common,
  role: 'operator', // who signs commands keeps them where the collector cannot reach them
  path: '/audit/heads',
  summary: 'The signed ends of the audit chains: of the collector as it stands, of hosts in sight as they told them',
  query: {},
  response: schemas.auditHeads,
});

export const auditOperations = [listAudit, listHeads];

const columns = Object.keys(schemas.auditEntry.shape);

export function auditRoutes(options: {
  store: Store;
  signer: HeadSigner;
  exporter: Exporter;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, signer, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(listAudit), async (context) => {
    const query = parameters.parseQuery(listAudit.query, queryOf(context));
    const { actor, action, host, outcome, q, limit } = query;
    const filter = {
      ...{ from: dateOf(query.from), to: dateOf(query.to), actor, action, hostId: host, outcome },
      words: q ?? [],
    };
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = (signal: AbortSignal) => streamAudit(store.db, filter, signal);
      return exporter.respond({ format, name: 'audit', columns, rows, signal: context.req.raw.signal });
    }
    const of = fingerprint(['audit', filter]);
    const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor, of, z.int().positive());
    const rows = await boundedRead(store.db, (db) => selectAudit(db, { ...filter, before, limit: limit + 1 }));
    return context.json({
      items: rows.slice(0, limit),
      nextCursor: rows.length > limit ? encodeCursor(of, rows[limit - 1]!.sequence) : null,
      asOf: new Date(now()).toISOString(),
    } satisfies List<AuditEntry>);
  });

  routes.get(routeOf(listHeads), async (context) => {
    parameters.parseQuery(listHeads.query, queryOf(context));
    const head = await signer.current();
    const { thumbprint, publicKey } = signer.key;
    const asOf = new Date(now()).toISOString();
    const own = head && {
      ...{ hostId: null, hostName: null, thumbprint, sequence: head.sequence, hash: head.hash },
      ...{ issuedAt: head.issuedAt.toISOString(), receivedAt: asOf, fits: true, head: head.statement, key: publicKey },
    };
    const identity = context.get('identity');
    const inSight = isBound(identity) && new Set((await hostsInSight(store.db, identity)).map(({ hostId }) => hostId));
    const shown = (await listHostHeads(store.db)).filter(({ hostId }) => inSight === false || inSight.has(hostId));
    const hosts = shown.map(({ statement, issuedAt, receivedAt, ...row }): AuditHead => ({
      ...row,
      issuedAt: issuedAt.toISOString(),
      receivedAt: receivedAt.toISOString(),
      head: statement,
    }));
    return context.json({ asOf, collector: own ?? null, hosts } satisfies AuditHeads);
  });

  return routes;
}

const dateOf = (us: number | undefined): Date | undefined => (us === undefined ? undefined : new Date(us / 1000));
