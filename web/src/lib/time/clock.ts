// Instants in the viewer's zone, 24 hours. One formatter each: Intl objects are dear to make.

const parts: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
const timeFormat = new Intl.DateTimeFormat('en-GB', parts);
const dayFormat = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const zoneFormat = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short', hour: '2-digit' });
const dateFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** 14:32:08 */
export const timeOfDay = (ms: number): string => timeFormat.format(ms);

/** 14:31:59.5 */
export const preciseTime = (ms: number): string => `${timeFormat.format(ms)}.${Math.floor((ms % 1000) / 100)}`;

/** Fri 20 Nov */
export const day = (ms: number): string => dayFormat.format(ms).replace(',', '');

/** CET, GMT+1: whatever the platform calls the viewer's zone at that instant. */
export const zone = (ms: number): string =>
  zoneFormat.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? '';

/** 20 Nov 2026 14:32:08 */
export const dateAndTime = (ms: number): string => `${dateFormat.format(ms)} ${timeOfDay(ms)}`;

/** "11:02" today, "Wed 18 Nov" before: for "since …". */
export function since(ms: number, nowMs: number): string {
  return nowMs - ms < 86_400_000 ? timeOfDay(ms).slice(0, 5) : day(ms);
}
