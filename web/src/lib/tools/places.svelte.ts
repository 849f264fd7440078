// Where addresses are and whose, as far as the collector's databases say; asked once each, in groups.
import type { AddressPlace, AddressPlaceList } from '@foretop/proto/api';
import { request } from '../api/client.ts';
import { visible } from '../format/visible.ts';

const mostAtOnce = 100;
const settleMs = 200;
/** Reverse DNS that is under way is there a moment later. */
const againMs = 1_500;

export class Places {
  #known = $state.raw<ReadonlyMap<string, AddressPlace>>(new Map());
  #asked = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  want(addresses: readonly string[]): void {
    const fresh = addresses.filter((address) => !this.#asked.has(address));
    if (fresh.length === 0) return;
    for (const address of fresh) this.#asked.add(address);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () =>
        void this.#ask(
          [...this.#asked].filter((one) => !this.#known.has(one)),
          true,
        ),
      settleMs,
    );
  }

  of(address: string): AddressPlace | undefined {
    return this.#known.get(address);
  }

  /** "AS64500 Example Net, Frankfurt, DE"; empty = nothing is known. */
  words(address: string): string {
    const place = this.#known.get(address)?.place;
    if (!place) return '';
    const { asn, organisation, city, country } = place;
    return [asn === null ? '' : `AS${asn} ${organisation ?? ''}`.trim(), city ?? '', country ?? '']
      .filter(Boolean)
      .map(visible)
      .join(', ');
  }

  async #ask(addresses: readonly string[], again: boolean): Promise<void> {
    const group = addresses.slice(0, mostAtOnce);
    if (group.length === 0) return;
    const query = new URLSearchParams({ address: group.join(',') });
    // Without them a hop is shown as it is.
    const { items } = await request<AddressPlaceList>(`/places?${query.toString()}`).catch(() => ({ items: [] }));
    this.#known = new Map([...this.#known, ...items.map((item) => [item.address, item] as const)]);
    const underWay = items.filter(({ reverse }) => reverse === 'asked').map(({ address }) => address);
    if (again && underWay.length > 0) setTimeout(() => void this.#ask(underWay, false), againMs);
    if (addresses.length > mostAtOnce) await this.#ask(addresses.slice(mostAtOnce), again);
  }
}
