// CPU that is made up: sustained, seasonal, from a temporary folder.
import { expect, test } from 'vitest';
import { aMinute, aProcess, monday, runDetector, seededRandom } from '../../../test/observations.ts';
import type { UsageObservation } from '../observation.ts';
import { highCpu } from './high-cpu.ts';

const hour = 3600;

function minutes(
  from: number,
  count: number,
  permille: number,
  changes: Partial<UsageObservation> = {},
): UsageObservation[] {
  return Array.from({ length: count }, (_, at) => aMinute(from + at * 60, permille, changes));
}

function feed(observations: readonly UsageObservation[]) {
  const running = runDetector(highCpu);
  for (const observation of observations) running.run.observe(observation);
  return running;
}

test('without a baseline three hours of it are a finding, one is not', () => {
  expect(feed(minutes(monday, 60, 950)).findings()).toEqual([]);
  const [finding] = feed(minutes(monday, 200, 950)).findings();
  expect(finding?.summary).toMatch(/used 95 % of the CPU for 3/);
  expect(finding?.severity).toBe('low');
});

/** A build of two hours each working day at 14:00, else 5 %. */
function builds(weeks: number): UsageObservation[] {
  const random = seededRandom(2);
  return Array.from({ length: weeks * 168 * 6 }, (_, at) => {
    const inWeek = Math.floor(at / 6) % 168;
    const isBuild = inWeek < 120 && (inWeek % 24 === 14 || inWeek % 24 === 15);
    return aMinute(monday + at * 600, (isBuild ? 900 : 50) + 40 * random());
  });
}

test('what comes at its hour is learnt; the same in the night is told of after half an hour', () => {
  const learnt = builds(4);
  expect(feed([...learnt, ...minutes(monday + 4 * 168 * hour + 14 * hour, 110, 930)]).told).toEqual([]);
  const { told } = feed([...learnt, ...minutes(monday + 4 * 168 * hour + 3 * hour, 40, 930)]);
  expect(told.map(({ severity }) => severity)).toEqual(['low']);
  expect(told[0]?.evidence.find(({ label }) => label.startsWith('Usual'))?.label).toContain('hour of the');
});

test('a miner in a temporary folder is medium', () => {
  const process = aProcess({ executable: '/dev/shm/kworkerd' });
  expect(feed(minutes(monday, 200, 700, { process })).findings()[0]?.severity).toBe('medium');
});

test('pauses end it', () => {
  const stop = Array.from({ length: 20 }, (_, at) => [
    ...minutes(monday + at * 1800, 20, 950),
    ...minutes(monday + at * 1800 + 1200, 10, 30),
  ]);
  expect(feed(stop.flat()).findings()).toEqual([]);
});

test('the whole host counts from 90 %', () => {
  expect(feed(minutes(monday, 200, 850, { process: undefined })).findings()).toEqual([]);
  expect(feed(minutes(monday, 200, 950, { process: undefined })).findings()[0]?.summary).toContain('This host');
});

test('says how much it has learnt', () => {
  const { run } = feed(
    Array.from({ length: 169 }, (_, at) => aMinute(monday + at * hour, 100, { process: undefined })),
  );
  expect(run.learnt?.('1')).toBeCloseTo(0.5);
  expect(run.learnt?.('2')).toBeUndefined();
});

test('a restart keeps the baseline, and junk is no baseline', () => {
  const before = feed(builds(4));
  const after = runDetector(highCpu);
  after.run.restore('1', JSON.parse(JSON.stringify(before.run.save('1'))));
  for (const minute of minutes(monday + 4 * 168 * hour + 14 * hour, 110, 930)) after.run.observe(minute);
  expect(after.told).toEqual([]);
  for (const junk of [7, null, 'x', [[1]], [['a', 'b', 1, 1, {}]]]) after.run.restore('1', junk);
});
