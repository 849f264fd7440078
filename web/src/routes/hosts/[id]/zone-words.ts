// The time zone of a host in words.
import { visible } from '#lib/format/visible.ts';

/** "Europe/Berlin (UTC+1)"; only the name where it says the same, or where this browser does not know the zone. */
export function zoneWords(zone: string, nowMs: number): string {
  const name = visible(zone);
  try {
    const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'shortOffset' });
    const offset = format.formatToParts(nowMs).find(({ type }) => type === 'timeZoneName')?.value;
    const words = offset?.replace('GMT', 'UTC').replace(/\+0$/, '');
    return words === undefined || words === name ? name : `${name} (${words})`;
  } catch {
    return name;
  }
}
