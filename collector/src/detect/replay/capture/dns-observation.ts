// A DNS exchange of a capture as the observation of whoever asked.
import type { ObservedExchange } from '@foretop/agent/inspect/dns/exchanges.ts';
import { DnsKind, DnsRole, DnsTransport, formatAddress } from '@foretop/proto';
import type { DnsObservation } from '../../observation.ts';

const maxNameLength = 1_024;
const maxAddresses = 64;

export function dnsObservation(exchange: ObservedExchange, id: string): DnsObservation {
  const local = { address: formatAddress(exchange.localAddress), port: exchange.localPort };
  const peer = { address: formatAddress(exchange.peerAddress), port: exchange.peerPort };
  const isLocalAsker = exchange.role === DnsRole.DNS_ROLE_CLIENT;
  return {
    kind: 'dns',
    host: isLocalAsker ? local.address : peer.address,
    atUs: exchange.askedUs + (exchange.latencyUs ?? 0),
    late: false,
    id,
    process: undefined,
    role: 'client',
    service:
      exchange.kind === DnsKind.DNS_KIND_MDNS ? 'mdns' : exchange.kind === DnsKind.DNS_KIND_LLMNR ? 'llmnr' : 'dns',
    transport: exchange.transport === DnsTransport.DNS_TRANSPORT_TCP ? 'tcp' : 'udp',
    peer: isLocalAsker ? peer : local,
    name: exchange.name.toLowerCase().replace(/\.$/, '').slice(0, maxNameLength),
    type: exchange.type,
    answered: exchange.answered,
    rcode: exchange.answered ? exchange.rcode : undefined,
    addresses: exchange.addresses.slice(0, maxAddresses).map(formatAddress),
    queryBytes: exchange.queryBytes,
    answerBytes: exchange.answerBytes,
    count: Math.max(1, exchange.queries),
  };
}
