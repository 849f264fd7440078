// What stands behind a finding on one host: the connections and processes themselves, read one by one, and where to find all of them.
import type { ConnectionDetail, FindingLinks, FindingOnHost, ProcessDetail } from '@foretop/proto/api';
import { request } from '../api/client.ts';
import { exactly } from '../filter/condition.ts';

/** Reading them is one request each. */
const [mostConnections, mostProcesses] = [6, 3];

export interface Behind {
  /** The newest first. */
  connections: ConnectionDetail[];
  processes: ProcessDetail[];
  /** Of those that were asked for, how many are on record no more. */
  gone: number;
}

export async function readBehind({ connections, processes }: FindingLinks, signal: AbortSignal): Promise<Behind> {
  const read = <Detail>(path: string, ids: readonly string[], most: number) =>
    Promise.allSettled(ids.slice(-most).map((id) => request<Detail>(`/${path}/${encodeURIComponent(id)}`, { signal })));
  const [ofConnections, ofProcesses] = await Promise.all([
    read<ConnectionDetail>('connections', connections, mostConnections),
    read<ProcessDetail>('processes', processes, mostProcesses),
  ]);
  const found = <Detail>(results: PromiseSettledResult<Detail>[]) =>
    results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const all = [...ofConnections, ...ofProcesses];
  return {
    connections: found(ofConnections).sort((a, b) => (a.connection.startedAt < b.connection.startedAt ? 1 : -1)),
    processes: found(ofProcesses),
    gone: all.filter(({ status }) => status === 'rejected').length,
  };
}

/** Connections of the same far ends, or else of the same process, on that host in that span. */
export function connectionsPath(
  on: Pick<FindingOnHost, 'hostName' | 'process' | 'links'>,
  span: { from: string; to: string },
): string {
  const asked = new URLSearchParams({ host: exactly(on.hostName) });
  if (on.links.addresses.length > 0) for (const address of on.links.addresses) asked.append('address', address);
  else if (on.process) asked.set('process', exactly(on.process));
  for (const [name, value] of Object.entries(span)) asked.set(name, value);
  return `/connections?${asked.toString()}`;
}

export const namePath = (name: string, hostName: string, span: { from: string; to: string }): string =>
  `/dns?${new URLSearchParams({ name: exactly(name), host: exactly(hostName), ...span }).toString()}`;
