// What the hosts of a capture call the addresses they talk to, from the DNS answers that each of them got.
import { DnsRole } from '@foretop/proto';
import type { ObservedExchange } from '../dns/exchanges.ts';
import { FadingNames } from '../names/fading-names.ts';
import { addressKey } from '../payload.ts';

const maxNames = 65_536;
/** Programs use an address for longer than a very short life of its record allows. */
const minLifeSeconds = 300;
const secondUs = 1_000_000;

export class ClientNames {
  readonly #names = new FadingNames(maxNames);

  learn(exchange: ObservedExchange): void {
    const { answered, role, rcode, addresses, localAddress, name, askedUs, latencyUs = 0, ttlSeconds = 0 } = exchange;
    if (!answered || rcode !== 0 || role !== DnsRole.DNS_ROLE_CLIENT) return;
    const untilUs = askedUs + latencyUs + Math.max(ttlSeconds, minLifeSeconds) * secondUs;
    for (const address of addresses) this.#names.set(keyOf(localAddress, address), name, untilUs);
  }

  nameOf(client: Uint8Array, server: Uint8Array, atUs: number): string | undefined {
    return this.#names.get(keyOf(client, server), atUs);
  }
}

const keyOf = (client: Uint8Array, server: Uint8Array) => `${addressKey(client)}/${addressKey(server)}`;
