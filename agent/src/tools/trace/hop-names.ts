// What the routers on the way are called, asked of this host's name servers; nobody waits long for it.
import { Resolver } from 'node:dns/promises';
import { formatAddress } from '@foretop/proto';
import { lineOf } from '../text.ts';

const askMs = 1_000;
const nameLength = 255;

export class HopNames {
  readonly #resolver = new Resolver({ timeout: askMs, tries: 1 });
  readonly #names = new Map<string, Promise<string>>();

  /** Asks once for each address; empty when it has no name, or none that came in time. Never rejects. */
  of(address: Uint8Array): Promise<string> {
    const text = formatAddress(address);
    const known = this.#names.get(text);
    if (known) return known;
    const asked = this.#resolver.reverse(text).then(
      ([name = '']) => lineOf(name, nameLength),
      () => '',
    );
    this.#names.set(text, asked);
    return asked;
  }

  [Symbol.dispose](): void {
    this.#resolver.cancel();
  }
}
