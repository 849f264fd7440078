// Facet counts as the API writes them, out of SQL's counts and out of rows in memory.
import { stateName } from '@foretop/proto';
import type { Connection, ConnectionFacets } from '@foretop/proto/api';
import { type FacetCount, mostFacetValues } from '../../store/queries/facets.ts';
import { directionNames, protocolName } from './names.ts';

type Facets = Omit<ConnectionFacets, 'asOf' | 'unknown'>;
type HostNames = ReadonlyMap<number, string>;

export function facetsOf(counts: readonly FacetCount[], names: HostNames): Facets {
  const facets = noFacets();
  for (const row of counts) {
    const { facet, value, connections } = row;
    if (facet === 'state') {
      const protocol = protocolName(row.protocol!);
      addState(facets, protocol, stateName(row.protocol!, row.state!) ?? 'close', row.direction!, connections);
    } else if (facet === 'process') facets.processes.push({ process: value!, connections });
    else if (facet === 'host') facets.hosts.push({ ...hostOf(row.hostId!, names), connections });
    else if (facet === 'remote') facets.remoteAddresses.push({ address: value!, connections });
    else if (facet === 'unit') facets.units.push({ unit: value!, connections });
    else facets.containers.push({ runtime: row.runtime!, id: value!, connections });
  }
  return facets;
}

export function countFacets(rows: readonly Connection[], names: HostNames): Facets {
  const facets = noFacets();
  for (const row of rows) {
    addState(facets, row.protocol, row.state, directionNames.indexOf(row.direction), 1);
  }
  const most = (valueOf: (row: Connection) => string | null) => mostFrequent(rows, valueOf);
  const containers = new Map(rows.map(({ container }) => [container?.id, container?.runtime]));
  return {
    ...facets,
    processes: most((row) => row.process).map(([process, connections]) => ({ process, connections })),
    hosts: most((row) => String(row.hostId)).map(([id, connections]) => ({
      ...hostOf(Number(id), names),
      connections,
    })),
    remoteAddresses: most((row) => row.remoteAddress).map(([address, connections]) => ({ address, connections })),
    units: most((row) => row.unit).map(([unit, connections]) => ({ unit, connections })),
    containers: most((row) => row.container?.id ?? null).map(([id, connections]) => ({
      runtime: containers.get(id) ?? '',
      id,
      connections,
    })),
  };
}

function noFacets(): Facets {
  return {
    total: 0,
    byState: {},
    byDirection: {},
    byProtocol: {},
    processes: [],
    hosts: [],
    remoteAddresses: [],
    units: [],
    containers: [],
  };
}

const hostOf = (hostId: number, names: HostNames) => ({ hostId, name: names.get(hostId) ?? '' });

function addState(
  facets: Facets,
  protocol: Connection['protocol'],
  state: Connection['state'],
  directionNumber: number,
  connections: number,
): void {
  const direction = directionNames[directionNumber] ?? 'unknown';
  facets.total += connections;
  facets.byState[state] = (facets.byState[state] ?? 0) + connections;
  facets.byDirection[direction] = (facets.byDirection[direction] ?? 0) + connections;
  facets.byProtocol[protocol] = (facets.byProtocol[protocol] ?? 0) + connections;
}

function mostFrequent(
  rows: readonly Connection[],
  valueOf: (row: Connection) => string | null,
): [value: string, connections: number][] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = valueOf(row);
    if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, mostFacetValues);
}
