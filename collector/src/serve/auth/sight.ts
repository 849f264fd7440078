// The one place that says which hosts somebody sees: lists are taken from here, and every path that names a host goes by here.
import type { Kysely } from 'kysely';
import { type HostSpanRow, selectHostSpan, selectHostSpans } from '../../store/queries/gaps.ts';
import type { Database } from '../../store/schema.ts';
import type { Operation } from '../openapi/operation.ts';
import { noSuchHost } from '../problem.ts';
import { hostId as hostIdText } from '../query/parameters.ts';
import { type Identity, sees } from './access.ts';

/** Whether they see some hosts only. */
export const isBound = ({ hostLabels }: Identity): boolean => hostLabels.length > 0;

/** Revoked ones too. */
export async function hostsInSight(db: Kysely<Database>, identity: Identity): Promise<HostSpanRow[]> {
  const hosts = await selectHostSpans(db);
  return isBound(identity) ? hosts.filter((host) => sees(identity, host.labels)) : hosts;
}

/**
 * Throws RequestError not-found, as for a host that there is not, when the path names one out of sight. An id that is not
 * written plainly is refused as well, so that no way of writing it leads past here.
 */
export async function requireHostInSight(
  db: Kysely<Database>,
  identity: Identity,
  operation: Operation,
  path: string,
): Promise<void> {
  if (!isBound(identity) || !/^\/(hosts|connections|processes)\/\{id\}/.test(operation.path)) return;
  const text = path.split('/')[2] ?? '';
  const hostId = hostIdText.safeParse(/^(\d+)(-[0-9a-f]{16})?$/.exec(text)?.[1]);
  const host = hostId.success ? await selectHostSpan(db, hostId.data) : undefined;
  if (host === undefined || !sees(identity, host.labels)) throw noSuchHost(hostId.success ? hostId.data : text);
}
