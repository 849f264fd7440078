// Fetches an export of the collector and saves it as a file; the session's secret is a header, which a plain link cannot send.
import { respond } from '../api/client.ts';
import type { Sort } from '../table/sort.ts';
import { serverSort } from './connection-columns.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { exactParameters, type Scope } from './scope.ts';

/** Throws when the collector cannot filter as the page does, or refuses. `format`: csv, jsonl, zeek. */
export async function saveConnections(
  scope: Scope,
  filter: ConnectionFilter,
  sort: Sort,
  format: string,
  hostNames: readonly string[],
): Promise<void> {
  const parameters = exactParameters(scope, filter, hostNames);
  if (!parameters)
    throw new Error(
      'The collector cannot search the names of hosts, nor filter by a name that begins with an exclamation mark: take that part out, or filter by host.',
    );
  parameters.delete('host');
  const path = scope.hostId === undefined ? '/connections' : `/hosts/${scope.hostId}/connections`;
  if (scope.hostId === undefined) {
    const host = exactParameters(scope, filter, hostNames)!.get('host');
    if (host) parameters.set('host', host);
  }
  parameters.set('sort', serverSort(sort));
  parameters.set('format', format);
  const response = await respond(`${path}?${parameters.toString()}`);
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = name ?? `foretop-connections.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
