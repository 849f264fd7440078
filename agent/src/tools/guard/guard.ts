// Whether this host may look at an address, by what the address is and which networks the host's own file lists.
import { networkInterfaces } from 'node:os';
import { formatAddress } from '@foretop/proto';
import { parseAddress } from '../../host/portable/address.ts';
import { type AddressClass, classOf, embeddedIn } from './address-class.ts';
import { contains, lieWithin, type Network, network } from './networks.ts';

/**
 * probe: an echo, a datagram to no service, a question to a name server that the host uses itself. connect: a connection or a
 * question to a service. scan: many ports.
 */
export type Use = 'probe' | 'connect' | 'scan';

export interface Guard {
  /** Empty, or why not: a sentence. The address is the one that is going to be used: nothing may be resolved between. */
  refusalOf(address: Uint8Array, use: Use): string;
}

export interface GuardOptions {
  /** CIDR, of the host's own file; read anew each time. */
  networks: () => readonly string[];
  /** Addresses of this host with their prefixes, and the broadcast addresses of its networks; else asked of the system. */
  own?: () => OwnAddresses;
}

export interface OwnAddresses {
  addresses: Uint8Array[];
  broadcasts: Uint8Array[];
}

export function openGuard({ networks, own = ownAddresses }: GuardOptions): Guard {
  return {
    refusalOf(address, use) {
      const place = { use, listed: networks().map(network), own: own() };
      const judged = [address, ...embeddedIn(address)].map((one) => ({ one, ...classWithOwn(one, place.own) }));
      // Whoever is refused is told the worst of what there is to tell.
      const worstFirst = judged.toSorted((a, b) => Number(b.kind === 'special') - Number(a.kind === 'special'));
      for (const found of worstFirst) {
        const refusal = judge(found, place);
        if (refusal !== '') return sentence(address, found.one, refusal);
      }
      return '';
    },
  };
}

interface Judged extends AddressClass {
  one: Uint8Array;
}

function judge({ one, kind, what, block }: Judged, { use, listed }: { use: Use; listed: readonly Network[] }): string {
  const isListed = listed.some((entry) => contains(entry, one));
  // A file that lists everything means what is out there: a special block is meant only by a network within it.
  if (kind === 'special')
    return listed.some((entry) => contains(entry, one) && lieWithin(entry, block!)) ? '' : `it is ${what}`;
  if (isListed || use === 'probe') return '';
  if (use === 'scan') return 'ports are only scanned in networks that the host’s file lists';
  return kind === 'internal' ? `it is ${what}, and the host’s file does not list that` : '';
}

function classWithOwn(one: Uint8Array, { addresses, broadcasts }: OwnAddresses): AddressClass {
  const isOneOf = (list: Uint8Array[]) => list.some((other) => Buffer.compare(other, one) === 0);
  const block = { address: one, prefix: one.length * 8 };
  if (isOneOf(broadcasts)) return { kind: 'special', what: 'a broadcast address of this host’s networks', block };
  const found = classOf(one);
  if (found.kind !== 'special' && isOneOf(addresses))
    return { kind: 'internal', what: 'an address of this host itself', block };
  return found;
}

function sentence(address: Uint8Array, judged: Uint8Array, refusal: string): string {
  const text = formatAddress(address);
  const inner = formatAddress(judged);
  return inner === text ? `${text}: ${refusal}.` : `${text} leads to ${inner}: ${refusal}.`;
}

function ownAddresses(): OwnAddresses {
  const found: OwnAddresses = { addresses: [], broadcasts: [] };
  for (const { address, netmask } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    const bytes = parseAddress(address);
    const mask = parseAddress(netmask);
    if (!bytes) continue;
    found.addresses.push(bytes);
    // A network of two or one has no broadcast address (RFC 3021).
    if (bytes.length === 4 && mask?.length === 4 && mask[3]! < 254)
      found.broadcasts.push(bytes.map((byte, at) => byte | (~mask[at]! & 0xff)));
  }
  return found;
}
