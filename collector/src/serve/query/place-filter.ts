// Filters by where the far end is, and searches for it. Only the collector knows it, not the tables: these are asked which far addresses there are, and then for those that fit.
import { setImmediate as turn } from 'node:timers/promises';
import type { RowPlace } from '@foretop/proto/api';
import type { Kysely } from 'kysely';
import type { Choice, ConnectionFilter } from '../../store/queries/connection-filter.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import type { ConnectionTime } from '../../store/queries/connections.ts';
import { selectRemoteAddresses } from '../../store/queries/remote-addresses.ts';
import type { Database } from '../../store/schema.ts';
import { RequestError } from '../problem.ts';
import { placeText, wordOf } from './place-text.ts';

export interface PlaceFilter {
  /** ISO 3166-1 alpha-2. */
  country: Choice<string> | undefined;
  asn: Choice<number> | undefined;
}

/** Where far ends are, from memory; `ready` makes the memory hold what these need, but waits no longer than it is told. */
export interface PlaceSource {
  rowPlace(address: string | null): RowPlace | null;
  ready(addresses: readonly string[], waitMs?: number): Promise<void>;
}

const mostAddresses = 50_000;
/** A search of more goes without places: it looks at all else too, and so many are remembered. */
const mostSearched = 20_000;
/** Some 10 ms of the collector's time where none of them is remembered. */
const portion = 1_000;
/** Rows go without places rather than wait longer for databases that are being read. */
export const rowsWaitMs = 500;

/** An unknown place is none of those that are excluded. */
export function placeTest({ country, asn }: PlaceFilter, places: PlaceSource): (address: string | null) => boolean {
  return (address) => {
    const place = places.rowPlace(address);
    return chosen(country, place?.country) && chosen(asn, place?.asn);
  };
}

function chosen<Value>(choice: Choice<Value> | undefined, value: Value | null | undefined): boolean {
  if (choice === undefined) return true;
  const known = value !== null && value !== undefined;
  if (choice.any.length > 0 && !(known && choice.any.includes(value))) return false;
  return !(known && choice.none.includes(value));
}

/** Far addresses among the connections of a time, as filters on what the tables do not have. */
export interface FarEndQuestion {
  place: PlaceFilter | undefined;
  words: readonly string[] | undefined;
}

/** Throws RequestError when there are too many to filter. */
export async function farEndFilter(
  db: Kysely<Database>,
  places: PlaceSource,
  { place, words }: FarEndQuestion,
  time: ConnectionTime,
  hostIds: readonly number[] | undefined,
): Promise<Pick<ConnectionFilter, 'remoteAddresses' | 'addressesOfWords'>> {
  const searched = (words ?? []).filter((word) => wordOf(word) !== undefined);
  if (place === undefined && searched.length === 0) return {};
  const most = place === undefined ? mostSearched : mostAddresses;
  const found = await boundedRead(db, (transaction) => selectRemoteAddresses(transaction, time, hostIds, most + 1));
  if (found.length > most && place === undefined) return {};
  if (found.length > most)
    throw new RequestError(
      'invalid-request',
      `There are more than ${mostAddresses} far addresses to look up. Ask for fewer hosts or a shorter span.`,
    );
  await places.ready(found);
  const fits = place && placeTest(place, places);
  const fitting: string[] = [];
  const addressesOfWords = new Map(searched.map((word): [string, string[]] => [word, []]));
  for (const [index, address] of found.entries()) {
    if (index % portion === portion - 1) await turn();
    if (fits && !fits(address)) continue;
    fitting.push(address);
    const text = searched.length === 0 ? '' : placeText(places.rowPlace(address));
    for (const [word, addresses] of addressesOfWords) if (text.includes(wordOf(word)!)) addresses.push(address);
  }
  return { addressesOfWords, ...(fits && { remoteAddresses: { any: fitting, orNone: fits(null) } }) };
}
