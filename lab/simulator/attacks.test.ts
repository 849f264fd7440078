// Each simulated attack is found by the detector that is meant for it, on its host, and nothing else is found.
import { expect, test } from 'vitest';
import { createJudgedFleet } from '../harness/judged-fleet.ts';
import { stepsPerSecond } from './world.ts';

const places = {
  place: () => ({}),
  registrableDomain: (name: string) => name.split('.').slice(-2).join('.'),
  listed: () => undefined,
};
const world = { seed: 'attacked', hosts: 10, profile: 'typical', startUs: Date.now() * 1_000 - 600e6 } as const;

function judge(seconds: number, attacks: boolean) {
  const fleet = createJudgedFleet({ ...world, attacks }, places);
  for (let step = 0; step < seconds * stepsPerSecond; step++) fleet.step();
  return fleet;
}

test('every attack is found, and nothing else is', { timeout: 120_000 }, () => {
  const { world: attacked, found } = judge(420, true);
  const told = [...found.values()].map(
    ({ detector, draft }) => `${detector} on ${Number(draft.host) - 1}: ${draft.peer}`,
  );
  const truth = attacked.attacks().map(({ detector, host, peer }) => `${detector} on ${host}: ${peer}`);
  for (const { detector, draft, atSeconds } of found.values())
    console.log(`${detector} ${draft.severity} at ${atSeconds.toFixed(0)} s: ${draft.summary}`);
  expect(told.toSorted()).toEqual(truth.toSorted());
});

test('without them nothing is found', { timeout: 120_000 }, () => {
  expect([...judge(120, false).found.values()].map(({ draft }) => draft.summary)).toEqual([]);
});
