// Where the collector gives the connections of the page's filter as a file.
import { live } from '../live/live.svelte.ts';
import type { Sort } from '../table/sort.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { exactParameters, type Scope } from './scope.ts';
import { serverSort } from './server-sort.ts';

/** Throws when the collector cannot filter as the page does. */
export function exportPath(scope: Scope, filter: ConnectionFilter, sort: Sort): string {
  const names = Array.from(live.fleet.hosts.values(), (host) => host.name);
  const parameters = exactParameters(scope, filter, names);
  if (!parameters)
    throw new Error('The collector cannot search the names of hosts: take that word out, or filter by host.');
  parameters.set('sort', serverSort(sort));
  if (scope.hostId === undefined) return `/connections?${parameters.toString()}`;
  parameters.delete('host');
  return `/hosts/${scope.hostId}/connections?${parameters.toString()}`;
}
