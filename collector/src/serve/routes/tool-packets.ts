// /api/v1/tool-runs/{id}/packets/{requestId}: what a host captured, as the collector has it: pcapng, or sealed for whoever asked.
import { Hono } from 'hono';
import { z } from 'zod';
import type { CaptureParameters } from '@foretop/proto/tools';
import type { Store } from '../../store/database.ts';
import { selectPackets } from '../../store/queries/tool-packets.ts';
import type { ToolRunHostRow } from '../../store/queries/tool-runs.ts';
import { summaryOf } from '../../tools/target.ts';
import type { ToolDesk } from '../../tools/tool-desk.ts';
import type { Audit } from '../audit.ts';
import { type Access, type Identity, mayActOn } from '../auth/access.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import { RequestError } from '../problem.ts';
import * as parameters from '../query/parameters.ts';
import type { ToolRequests } from '../tool-requests.ts';
import { queryOf, type ServeEnv } from './context.ts';
import { Followers } from './followers.ts';
import { packetBody } from './packet-stream.ts';

const media = { plain: 'application/x-pcapng', sealed: 'application/octet-stream' };

const getPackets = operation({
  method: 'get',
  path: '/tool-runs/{id}/packets/{requestId}',
  tag: 'Tools',
  role: 'operator',
  scope: 'export',
  audit: 'capture.read',
  summary: 'What a host captured: pcapng, or the stream that is sealed to whoever asked',
  description:
    'The bytes so far; with `follow` those that are still to come as well, until the part has ended. A body that breaks off is not ' +
    'whole: ask again from there.',
  query: {
    from: z.coerce
      .number({ error: 'a number of bytes is required' })
      .int()
      .min(0)
      .max(2 ** 40)
      .default(0)
      .describe('Leaves out so many bytes at the beginning.'),
    follow: z
      .enum(['true', 'false'], { error: 'true or false is required' })
      .default('false')
      .transform((text) => text === 'true')
      .describe('true: goes on until the capture has ended.'),
  },
  status: 200,
  media: Object.values(media),
});

export const toolPacketOperations = [getPackets];

/** Each of up to 256 KiB. */
const piecesAtOnce = 4;

export function toolPacketRoutes(options: {
  store: Store;
  access: Pick<Access, 'identify'>;
  requests: ToolRequests;
  tools: Pick<ToolDesk, 'changed'>;
  audit: Audit;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, access, requests, tools, audit, now } = options;
  const routes = new Hono<ServeEnv>();
  const followers = new Followers();

  const find = async (identity: Identity, runId: string, requestId: string) => {
    const { run, hosts } = await requests.find(identity, runId);
    const part = hosts.find((row) => row.request_id === requestId);
    if (run.tool !== 'capture' || part === undefined)
      throw new RequestError('not-found', `This run has no packets ${JSON.stringify(requestId.slice(0, 64))}.`);
    if (!mayActOn(identity, part.labels)) throw new RequestError('role-too-low', 'You may not act on this host.');
    return { part, capture: run.parameters as CaptureParameters };
  };
  const read = async (part: ToolRunHostRow, from: number) => ({
    pieces: await piecesOf(store, part, from, now()),
    bytes: part.packet_bytes,
    isOpen: part.status === 'offered' || part.status === 'running',
  });

  routes.get(routeOf(getPackets), async (context) => {
    const identity = context.get('identity');
    const [runId, requestId] = [context.req.param('id') ?? '', context.req.param('requestId') ?? ''];
    const { from, follow } = parameters.parseQuery(getPackets.query, queryOf(context));
    const { part, capture } = await find(identity, runId, requestId);
    const first = await read(part, from);
    if (from > first.bytes) throw new RequestError('invalid-request', `There are ${first.bytes} bytes so far.`);
    if (first.pieces.length === 0 && from < first.bytes)
      throw new RequestError('not-found', 'These packets are not kept any more.');
    const isSealed = part.packets_sealed ?? capture.content === 'payload';
    const headers = {
      'content-type': isSealed ? media.sealed : media.plain,
      'content-disposition': `attachment; filename="${fileName(part, isSealed)}"`,
    };
    if (context.req.method === 'HEAD') return new Response(null, { headers });
    const leave = followers.enter(identity);
    const detail = { runId, hostId: part.host_id, tool: summaryOf({ tool: 'capture', parameters: capture }), from };
    try {
      await audit(identity, 'capture.read', detail);
    } catch (error) {
      leave();
      throw error;
    }
    const body = packetBody({
      ...{ from, follow, ended: leave, signal: context.req.raw.signal },
      // Asked anew each time: a session that was ended reads no more.
      look: async (at) => read((await find(await access.identify(context.env.incoming), runId, requestId)).part, at),
      changed: (signal) => tools.changed(runId, signal),
    });
    return new Response(body, { headers });
  });

  return routes;
}

async function piecesOf(store: Store, part: ToolRunHostRow, from: number, nowMs: number): Promise<Buffer[]> {
  const { request_id: requestId, signed_at: signedAt, ended_at: endedAt, packet_bytes: bytes } = part;
  if (signedAt === null || from >= bytes) return [];
  const span = { signedAt, endedAt: endedAt ?? new Date(nowMs) };
  return selectPackets(store.db, { requestId, from, ...span, pieces: piecesAtOnce });
}

/** "web-1-20261121-231502.pcapng": a host's name is its own word, and a file's is a path. */
function fileName({ hostName, host_id: hostId, signed_at: signedAt }: ToolRunHostRow, isSealed: boolean): string {
  const host =
    hostName
      .replaceAll(/[^\w.-]+/g, '_')
      .replace(/^[._-]+/, '')
      .slice(0, 64) || `host-${hostId}`;
  const stamp = (signedAt ?? new Date(0)).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `${host}-${stamp}.pcapng${isSealed ? '.sealed' : ''}`;
}
