// What processes call the addresses they talk to: from DNS answers that they got and from names that they asked servers for.
//
// A name is a process's own: two that talk to one address of a content network may mean different sites. Only what a resolver
// on this host asked for (systemd-resolved, for those who ask it over a Unix socket) counts for everybody, and what an unknown
// process asked for, for those of whom nothing better is known.
import { DnsRole, NameSource } from '@foretop/proto';
import type { ObservedExchange } from '../inspect/dns/exchanges.ts';
import { FadingNames } from '../inspect/names/fading-names.ts';
import { addressKey } from '../inspect/payload.ts';

export interface PeerName {
  name: string;
  source: NameSource;
}

const maxNames = 16_384;
/** Programs use an address for longer than a very short life of its record allows. */
const shortestUs = 300e6;
const longestUs = 86_400e6;
const everybody = 0;
const resolvers = /^(?:systemd-resolve|nscd|dnsmasq|unbound|named|pdns|coredns)/;

export class PeerNames {
  readonly #names = new FadingNames(maxNames);

  learn(exchange: ObservedExchange, pid: number, comm: string): void {
    const { answered, rcode, role, addresses, name, askedUs, latencyUs = 0, ttlSeconds = 0 } = exchange;
    if (!answered || rcode !== 0 || role !== DnsRole.DNS_ROLE_CLIENT) return;
    const lifeUs = Math.min(longestUs, Math.max(shortestUs, ttlSeconds * 1e6));
    const asker = resolvers.test(comm) ? everybody : pid;
    for (const address of addresses) this.#names.set(keyOf(asker, address), name, askedUs + latencyUs + lifeUs);
  }

  /** `pid` 0 = unknown. */
  nameOf(pid: number, address: Uint8Array, nowUs: number): PeerName | undefined {
    if (this.#names.size === 0) return undefined;
    const name =
      this.#names.get(keyOf(pid, address), nowUs) ??
      (pid === everybody ? undefined : this.#names.get(keyOf(everybody, address), nowUs));
    return name === undefined ? undefined : { name, source: NameSource.NAME_SOURCE_DNS };
  }
}

function keyOf(pid: number, address: Uint8Array): string {
  return `${pid}/${addressKey(address)}`;
}
