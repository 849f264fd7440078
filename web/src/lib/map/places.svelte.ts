// Where addresses are and whose they are: asked once each, many in one request, kept while the page is open.
import type { AddressPlace, AddressPlaceList } from '@foretop/proto/api';
import { SvelteMap } from 'svelte/reactivity';
import { request } from '../api/client.ts';

const mostAtOnce = 100;
const mostKept = 2_000;
/** Rows that come into sight together ask together. */
const gatherMs = 60;
/** A name that is being asked for is there a moment later; a few times are enough. */
const againMs = 1_500;
const mostTries = 4;

const known = new SvelteMap<string, AddressPlace>();
const wanted = new Map<string, number>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** undefined until the answer is there, and for what the collector knows nothing of. */
export const placeOf = (address: string): AddressPlace | undefined => known.get(address);

/** Asks for what is not known yet; for an effect, never while something is drawn. */
export function askPlaces(addresses: Iterable<string>): void {
  for (const address of addresses)
    if (address !== '' && !known.has(address) && !wanted.has(address)) wanted.set(address, 1);
  if (wanted.size > 0) timer ??= setTimeout(() => void read(), gatherMs);
}

async function read(): Promise<void> {
  const asked = [...wanted].slice(0, mostAtOnce);
  const query = new URLSearchParams({ address: asked.map(([address]) => address).join(',') });
  const answer = await request<AddressPlaceList>(`/places?${query.toString()}`).catch(() => undefined);
  timer = undefined;
  if (known.size > mostKept) known.clear();
  for (const [address] of asked) wanted.delete(address);
  const again = new Map<string, number>();
  for (const place of answer?.items ?? []) {
    known.set(place.address, place);
    const tries = asked.find(([address]) => address === place.address)?.[1] ?? mostTries;
    if (place.reverse === 'asked' && tries < mostTries) again.set(place.address, tries + 1);
  }
  // Whoever fails is asked for again when it is next in sight.
  if (wanted.size > 0) timer = setTimeout(() => void read(), gatherMs);
  if (again.size === 0) return;
  setTimeout(() => {
    for (const [address, tries] of again) wanted.set(address, tries);
    timer ??= setTimeout(() => void read(), gatherMs);
  }, againMs);
}
