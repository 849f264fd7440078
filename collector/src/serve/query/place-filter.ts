// Filters by where the far end is. Only the collector knows it, not the tables: these are asked which far addresses there are, and then for those that fit.
import type { RowPlace } from '@foretop/proto/api';
import type { Kysely } from 'kysely';
import type { Choice, ConnectionFilter } from '../../store/queries/connection-filter.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import type { ConnectionTime } from '../../store/queries/connections.ts';
import { selectRemoteAddresses } from '../../store/queries/remote-addresses.ts';
import type { Database } from '../../store/schema.ts';
import { RequestError } from '../problem.ts';

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

/** The filter's far addresses among the connections of a time. Throws RequestError when there are too many to look at. */
export async function fittingAddresses(
  db: Kysely<Database>,
  places: PlaceSource,
  filter: PlaceFilter,
  time: ConnectionTime,
  hostIds: readonly number[] | undefined,
): Promise<NonNullable<ConnectionFilter['remoteAddresses']>> {
  const found = await boundedRead(db, (transaction) =>
    selectRemoteAddresses(transaction, time, hostIds, mostAddresses + 1),
  );
  if (found.length > mostAddresses)
    throw new RequestError(
      'invalid-request',
      `There are more than ${mostAddresses} far addresses to look up. Ask for fewer hosts or a shorter span.`,
    );
  await places.ready(found);
  const fits = placeTest(filter, places);
  return { any: found.filter(fits), orNone: fits(null) };
}
