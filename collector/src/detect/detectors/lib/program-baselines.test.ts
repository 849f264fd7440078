// What a program did in each hour of its host's clock: silent hours are filled in, however far off the next time is, and habits stay
// where they are when the clock is changed.
import { expect, test } from 'vitest';
import { seededRandom } from '../../../../test/observations.ts';
import { ProgramBaselines } from './program-baselines.ts';

const hourUs = 3.6e9;

function baselinesIn(zone: string): ProgramBaselines {
  return new ProgramBaselines({ hourly: 'sum', floor: 1, timeZone: () => zone });
}

test.each([1e15, 1e19, 1e25, 1e300, Infinity])('a time of %d µs comes to an end', (atUs) => {
  const baselines = baselinesIn('');
  baselines.add('1', 'curl', hourUs, 5);
  expect(baselines.add('1', 'curl', atUs, 7).value).toBeGreaterThanOrEqual(5);
});

test('hours without the program count as zero, a day at most', () => {
  const baselines = baselinesIn('');
  for (let hour = 0; hour < 4; hour++) baselines.add('1', 'curl', (1_000 + hour) * hourUs, 5);
  const { baseline } = baselines.add('1', 'curl', 1_100 * hourUs, 5);
  expect(baseline.learnt().hours).toBe(4 + 24);
});

/** Microseconds since the Unix epoch of a time that a clock in the zone shows. */
const shownUs = (zone: string, time: string): number =>
  1000 * Temporal.PlainDateTime.from(time).toZonedDateTime(zone || 'UTC').epochMilliseconds;

/** Every ten minutes: 100 an hour from nine to ten by the clock of the zone, else 1. */
function work(baselines: ProgramBaselines, zone: string, [from, to]: readonly [string, string]): void {
  const random = seededRandom(3);
  for (let atUs = shownUs(zone, from); atUs < shownUs(zone, to); atUs += hourUs / 6) {
    const { hour } = Temporal.Instant.fromEpochMilliseconds(atUs / 1000).toZonedDateTimeISO(zone);
    baselines.add('1', 'curl', atUs, ((hour === 9 ? 100 : 1) * (1 + 0.1 * random())) / 6);
  }
}

/** What is usual at a time that a clock in the zone shows. */
function usual(baselines: ProgramBaselines, zone: string, time: string) {
  const { baseline, localUs } = baselines.add('1', 'curl', shownUs(zone, time), 0);
  return baseline.expect(localUs);
}

test.each([
  ['autumn', ['2026-09-21T00:00', '2026-10-26T08:50'], '2026-10-26'],
  ['spring', ['2026-02-23T00:00', '2026-03-30T08:50'], '2026-03-30'],
] as const)('nine o’clock in Berlin is nine o’clock on the Monday after the change in %s', (_, span, day) => {
  const baselines = baselinesIn('Europe/Berlin');
  work(baselines, 'Europe/Berlin', span);
  for (const [time, from, to] of [
    ['08:59', 0.5, 2],
    ['09:10', 90, 120],
    ['10:01', 0.5, 2],
  ] as const) {
    const expected = usual(baselines, 'Europe/Berlin', `${day}T${time}`)!;
    expect(expected.basis).toBe('hour of the week');
    expect(expected.mean).toBeGreaterThan(from);
    expect(expected.mean).toBeLessThan(to);
  }
});

test.each(['Asia/Kolkata', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe'])(
  'where the clock strikes in the middle of an hour: %s',
  (zone) => {
    const baselines = baselinesIn(zone);
    work(baselines, zone, ['2026-09-21T00:00', '2026-10-20T08:50']);
    expect(usual(baselines, zone, '2026-10-20T08:59')!.mean).toBeLessThan(2);
    expect(usual(baselines, zone, '2026-10-20T09:00')!.mean).toBeGreaterThan(90);
    expect(usual(baselines, zone, '2026-10-20T09:59')!.mean).toBeGreaterThan(90);
    expect(usual(baselines, zone, '2026-10-20T10:00')!.mean).toBeLessThan(2);
  },
);

test.each(['Europe/Berlin', 'Asia/Kolkata', 'America/Los_Angeles', 'America/St_Johns'])(
  'what was saved before hosts told their zone moves to the hours of %s',
  (zone) => {
    const old = baselinesIn('');
    work(old, zone, ['2026-08-31T00:00', '2026-10-19T00:00']);
    const { programs } = JSON.parse(JSON.stringify(old.save('1')));
    const baselines = baselinesIn(zone);
    baselines.restore('1', programs);
    expect(usual(baselines, zone, '2026-10-19T09:10')).toMatchObject({ basis: 'hour of the week' });
    expect(usual(baselines, zone, '2026-10-19T09:10')!.mean).toBeGreaterThan(40);
    expect(usual(baselines, zone, '2026-10-19T07:10')!.mean).toBeLessThan(2);
    expect(usual(baselines, zone, '2026-10-19T11:10')!.mean).toBeLessThan(2);
  },
);

test('a restart in the same zone changes nothing, one in another moves the hours once', () => {
  const before = baselinesIn('Europe/Berlin');
  work(before, 'Europe/Berlin', ['2026-08-31T00:00', '2026-10-19T00:00']);
  const state = JSON.parse(JSON.stringify(before.save('1')));
  const same = baselinesIn('Europe/Berlin');
  same.restore('1', state);
  expect(usual(same, 'Europe/Berlin', '2026-10-19T09:10')!.mean).toBeGreaterThan(90);
  const moved = baselinesIn('America/New_York');
  moved.restore('1', state);
  for (let again = 0; again < 3; again++) {
    expect(usual(moved, 'America/New_York', '2026-10-19T03:10')!.mean).toBeGreaterThan(90);
    expect(usual(moved, 'America/New_York', '2026-10-19T09:10')!.mean).toBeLessThan(2);
  }
});

test.each(['Mars/Olympus', 'x'.repeat(100_000), 7, null, {}])('a saved zone that is none, %j, is UTC', (zone) => {
  const before = baselinesIn('');
  work(before, 'UTC', ['2026-09-21T00:00', '2026-10-19T00:00']);
  const baselines = baselinesIn('');
  baselines.restore('1', { ...(before.save('1') as object), zone });
  expect(usual(baselines, 'UTC', '2026-10-19T09:10')!.mean).toBeGreaterThan(90);
  expect(baselines.save('1')).toMatchObject({ zone: '' });
});
