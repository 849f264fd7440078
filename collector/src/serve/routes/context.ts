// What routes share: who asks, the parts they ask, and how a host is named in a path or a filter.
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Choice } from '../../store/queries/connection-filter.ts';
import type { Store } from '../../store/database.ts';
import type { HostSpanRow } from '../../store/queries/gaps.ts';
import type { Identity } from '../auth/access.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import { noSuchHost, RequestError } from '../problem.ts';
import { hostId, invalidQuery } from '../query/parameters.ts';

export interface ServeEnv {
  Bindings: HttpBindings;
  Variables: { identity: Identity };
}

export type ServeContext = Context<ServeEnv>;

export function queryOf(context: ServeContext): URLSearchParams {
  return new URL(context.req.url).searchParams;
}

/** The {id} of /hosts/{id}. Throws RequestError not-found. */
export function hostIdOf(context: ServeContext): number {
  const text = context.req.param('id') ?? '';
  const result = hostId.safeParse(text);
  if (!result.success) throw noSuchHost(text);
  return result.data;
}

/** The {id} of a connection or process, `<hostId>-<16 hex digits>`. Throws RequestError not-found. */
export function rowIdOf(context: ServeContext, kind: 'connection' | 'process'): { hostId: number; id: string } {
  const text = context.req.param('id') ?? '';
  const match = /^(\d{1,10})-([0-9a-f]{16})$/.exec(text);
  const host = hostId.safeParse(match?.[1]);
  if (match === null || !host.success) throw noSuchRow(kind, text);
  return { hostId: host.data, id: match[2]! };
}

export function noSuchRow(kind: 'connection' | 'process', text: string): RequestError {
  return new RequestError('not-found', `There is no ${kind} ${JSON.stringify(text.slice(0, 64))} that is still known.`);
}

/** Hosts that a question is about. */
export interface AskedHosts {
  hosts: readonly HostSpanRow[];
  /** Rows are looked for on these hosts only; else on all, which these then are. */
  named: boolean;
}

/** Without a filter: all in sight that are not revoked. Throws RequestError. */
export async function askedHosts(
  store: Store,
  identity: Identity,
  wanted: Choice<string> | undefined,
): Promise<AskedHosts> {
  const all = await hostsInSight(store.db, identity);
  const hosts = wanted === undefined ? all.filter(({ revoked }) => !revoked) : chosenHosts(all, wanted);
  return { hosts, named: wanted !== undefined || isBound(identity) };
}

/**
 * The hosts that a filter names by id or by name; with only exclusions, all others that are not revoked. Throws RequestError
 * for one that does not exist.
 */
export function chosenHosts(all: readonly HostSpanRow[], wanted: Choice<string>): HostSpanRow[] {
  const excluded = new Set(namedHosts(all, wanted.none));
  const included = wanted.any.length === 0 ? all.filter((host) => !host.revoked) : namedHosts(all, wanted.any);
  return included.filter((host) => !excluded.has(host));
}

function namedHosts(all: readonly HostSpanRow[], wanted: readonly string[]): HostSpanRow[] {
  const missing: string[] = [];
  const found = new Set<HostSpanRow>();
  for (const text of wanted) {
    const hosts = all.filter((host) => String(host.hostId) === text || host.name === text);
    if (hosts.length === 0) missing.push(text);
    for (const host of hosts) found.add(host);
  }
  if (missing.length > 0)
    throw invalidQuery(
      missing.map((text) => ({ parameter: 'host', detail: `there is no host ${JSON.stringify(text)}` })),
    );
  return [...found];
}
