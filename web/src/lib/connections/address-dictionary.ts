// IP addresses as numbers: each different address once, with its key for order and networks.
import { Dictionary } from '../table/dictionary.ts';
import { addressKey, compareAddresses, type AddressKey } from '../net/address.ts';

export class AddressDictionary extends Dictionary {
  #keys: (AddressKey | undefined)[] = [undefined];

  /** undefined for a text that is no address. */
  key(code: number): AddressKey | undefined {
    for (let next = this.#keys.length; next < this.size; next++) this.#keys.push(addressKey(this.texts[next]!, 0));
    return this.#keys[code];
  }

  /** What is no address comes last. */
  protected override compare(a: number, b: number): number {
    const [first, second] = [this.key(a), this.key(b)];
    if (!first || !second) return Number(!first) - Number(!second) || a - b;
    return compareAddresses(first, second) || a - b;
  }

  protected override forgotten(): void {
    this.#keys = [undefined];
  }
}
