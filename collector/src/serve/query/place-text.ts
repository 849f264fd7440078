// A place in the words that a search may ask for, which are those that the dashboard shows.
import type { RowPlace } from '@foretop/proto/api';

const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const countryNames = new Map<string, string>();

/** "de germany falkenstein as24940 hetzner online gmbh"; empty where nothing is known. */
export function placeText(place: RowPlace | null): string {
  if (place === null) return '';
  const { country, city, asn, organisation } = place;
  const system = asn === null ? '' : `AS${asn}`;
  return `${country ? countryText(country) : ''} ${city ?? ''} ${system} ${organisation ?? ''}`.toLowerCase();
}

/** What of a word of a search is looked for in places; undefined: an address or a port, which no place is called. */
export function wordOf(word: string): string | undefined {
  const wanted = word.replaceAll('*', '').toLowerCase();
  return wanted === '' || wanted.includes(':') || /^[\d.]*\.[\d.]*$/.test(wanted) ? undefined : wanted;
}

/** "DE Germany". Two letters are few; a database with anything else in its place has that shown. */
function countryText(code: string): string {
  const known = countryNames.get(code);
  if (known !== undefined) return known;
  if (!/^[A-Z]{2}$/.test(code)) return code;
  const text = `${code} ${countries.of(code) ?? ''}`;
  countryNames.set(code, text);
  return text;
}
