// What the licences of the databases that come with Foretop ask to be shown where their data is.
import type { Attribution } from '@foretop/proto/api';

const ccBy = { licence: 'CC BY 4.0', licenceUrl: 'https://creativecommons.org/licenses/by/4.0/' };

/** DB-IP City Lite and DB-IP ASN Lite. */
const dbIp: Attribution = { text: 'IP geolocation by DB-IP', url: 'https://db-ip.com', ...ccBy };

/** Which autonomous system announces which network; from their views and the registries' statistics, modified. */
const routeViews: Attribution = {
  text: 'Networks by RouteViews, DB-IP and the NRO, modified',
  url: 'https://www.routeviews.org',
  ...ccBy,
};

/** Of a database of one's own nothing is known. */
export function attributionsOf(bundled: { city: boolean; asn: boolean }): Attribution[] {
  return [...(bundled.city ? [dbIp] : []), ...(bundled.asn ? [routeViews] : [])];
}
