// A place in words: the letters of its country, its city, and whose network it is.
import type { RowPlace } from '@foretop/proto/api';
import { visible } from '../format/visible.ts';
import { countryName } from './country-codes.ts';

/** "DE · Falkenstein"; empty where nothing is known. */
export const whereText = ({ country, city }: Pick<RowPlace, 'country' | 'city'>): string =>
  [country, city].flatMap((part) => (part ? [visible(part)] : [])).join(' · ');

/** "AS24940 Hetzner Online GmbH"; empty where nothing is known. */
export const networkText = ({ asn, organisation }: Pick<RowPlace, 'asn' | 'organisation'>): string =>
  [asn === null ? '' : `AS${asn}`, visible(organisation ?? '')].filter(Boolean).join(' ');

/** "Germany, Falkenstein, AS24940 Hetzner Online GmbH": for a title. */
export const placeText = (place: RowPlace): string =>
  [place.country ? countryName(visible(place.country)) : '', visible(place.city ?? ''), networkText(place)]
    .filter(Boolean)
    .join(', ');
