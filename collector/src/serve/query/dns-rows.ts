// DNS exchanges and their counts as the API writes them.
import { dnsTypeName, rcodeName } from '@foretop/proto';
import type { DnsExchange, DnsFacets, DnsKindName, DnsRoleName, DnsTransportName, RowPlace } from '@foretop/proto/api';
import type { DnsCount, DnsRow, DnsTotals } from '../../store/queries/dns.ts';
import { containerOf } from './names.ts';

/** By the number in facts.proto, less one. */
export const transportNames: readonly DnsTransportName[] = ['udp', 'tcp'];
export const kindNames: readonly DnsKindName[] = ['dns', 'mdns', 'llmnr'];
export const roleNames: readonly DnsRoleName[] = ['client', 'server'];

/** `placeOf`: from memory. */
export function dnsExchange(row: DnsRow, placeOf: (address: string) => RowPlace | null): DnsExchange {
  const { hostId } = row;
  const ofHost = (id: string | null) => (id === null ? null : `${hostId}-${id}`);
  return {
    id: `${hostId}-${row.id}`,
    hostId,
    askedAt: new Date(row.askedUs / 1000).toISOString(),
    answered: row.answered,
    latencyUs: row.latencyUs,
    pid: row.pid,
    process: row.process === '' ? null : row.process,
    processId: ofHost(row.processId),
    unit: row.unit,
    container: containerOf(row.containerRuntime, row.containerId),
    connectionId: ofHost(row.connectionId),
    transport: transportNames[row.transport - 1]!,
    kind: kindNames[row.kind - 1]!,
    role: roleNames[row.role - 1]!,
    forwarded: row.forwarded,
    peerAddress: row.peerAddress,
    peerPort: row.peerPort,
    name: row.name,
    type: dnsTypeName(row.type),
    rcode: row.rcode === null ? null : rcodeName(row.rcode),
    truncated: row.truncated,
    addresses: row.addresses,
    places: row.addresses.map(placeOf),
    canonicalNames: row.canonicalNames,
    queryBytes: row.queryBytes,
    answerBytes: row.answerBytes,
    count: row.count,
  };
}

type Facets = Omit<DnsFacets, 'asOf' | 'from' | 'to' | 'unknown'>;

export function dnsFacets(
  { totals, counts }: { totals: DnsTotals; counts: readonly DnsCount[] },
  hostNames: ReadonlyMap<number, string>,
): Facets {
  const { total, answered, nxdomain, latencyP50Us, latencyP95Us } = totals;
  const of = (facet: DnsCount['facet']) => counts.filter((row) => row.facet === facet);
  return {
    total,
    answered,
    nxdomainShare: answered === 0 ? null : nxdomain / answered,
    latencyP50Us,
    latencyP95Us,
    names: of('name').map(({ value, exchanges }) => ({ name: value, exchanges })),
    processes: of('process').map(({ value, exchanges }) => ({ process: value, exchanges })),
    types: of('type').map(({ value, exchanges }) => ({ type: dnsTypeName(Number(value)), exchanges })),
    rcodes: of('rcode').map(({ value, exchanges }) => ({ rcode: rcodeName(Number(value)), exchanges })),
    hosts: of('host').map(({ value, exchanges }) => {
      const hostId = Number(value);
      return { hostId, name: hostNames.get(hostId) ?? '', exchanges };
    }),
    resolvers: of('resolver').map(({ value, exchanges }) => ({ address: value, exchanges })),
  };
}
