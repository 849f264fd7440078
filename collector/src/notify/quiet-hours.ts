// Whether an instant lies in somebody's quiet hours, by the clock on the wall of their time zone.
import type { QuietHours } from '@foretop/proto/api';

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const minutesOfDay = 1_440;

/** Daylight saving moves the hours with the clock. Throws RangeError for a time zone that there is not. */
export function isQuiet(quiet: Omit<QuietHours, 'exceptFrom'>, unixMs: number): boolean {
  const { day, minute } = wallClock(quiet.timeZone, unixMs);
  const [from, to] = [minuteOf(quiet.from), minuteOf(quiet.to)];
  const begunToday = quiet.days.includes(day) && minute >= from;
  if (from < to) return begunToday && minute < to;
  const begunYesterday = quiet.days.includes(day === 1 ? 7 : day - 1) && minute < to;
  return begunToday || begunYesterday;
}

/** 1 = Monday … 7 = Sunday, and the minute of the day. */
function wallClock(timeZone: string, unixMs: number): { day: number; minute: number } {
  const parts = formatOf(timeZone).formatToParts(unixMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)!.value;
  const minute = Number(part('hour')) * 60 + Number(part('minute'));
  return { day: weekdays.indexOf(part('weekday')) + 1, minute: minute % minutesOfDay };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes far longer than using it. There are only so many time zones. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'short' },
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  formats.set(timeZone, made);
  return made;
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
