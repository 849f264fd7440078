// What goes when the agent would use too much, and when it comes back.
import { expect, it } from 'vitest';
import { createBudget } from './budget.ts';

const SECOND = 1_000_000;
const limits = { cpuPercent: 30, memoryBytes: 200 << 20 };

function run() {
  const budget = createBudget(limits);
  let nowUs = 0;
  let cpuUs = 0;
  const steps: number[] = [];
  budget.observe({ nowUs, cpuUs, memoryBytes: 0 });
  return {
    budget,
    steps,
    now: () => nowUs,
    /** Uses so much of a core for so many seconds. */
    use(percent: number, seconds: number, memoryBytes = 100 << 20) {
      for (let second = 0; second < seconds; second++) {
        nowUs += SECOND;
        cpuUs += percent * 10_000;
        if (budget.observe({ nowUs, cpuUs, memoryBytes })) steps.push(budget.givenUp());
      }
      return budget.givenUp();
    },
  };
}

it('bears a peak, and gives up one thing after the other under a load that lasts', () => {
  const agent = run();
  expect(agent.use(200, 5)).toBe(0);
  expect(agent.use(5, 30)).toBe(0);
  agent.use(200, 300);
  expect(agent.steps).toEqual([1, 3, 7, 15, 31]);
});

it('stays where it is between the limit and well below it, and comes back in reverse', () => {
  const agent = run();
  agent.use(40, 25);
  expect(agent.budget.givenUp()).toBe(3);
  expect(agent.use(25, 300)).toBe(3);
  agent.use(10, 120);
  expect(agent.steps).toEqual([1, 3, 1, 0]);
});

it('waits longer each time that it took something up too early', () => {
  const agent = run();
  const returns: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    agent.use(50, 11);
    const fromUs = agent.now();
    while (agent.use(5, 1) > 0);
    returns.push(Math.round((agent.now() - fromUs) / SECOND));
  }
  expect(returns[1]).toBeGreaterThanOrEqual(2 * returns[0]! - 10);
  expect(returns[2]).toBeGreaterThanOrEqual(2 * returns[1]! - 10);
});

it('heeds memory too', () => {
  const agent = run();
  expect(agent.use(5, 11, 300 << 20)).toBe(1);
  expect(agent.use(5, 300, 190 << 20)).toBe(1);
  expect(agent.use(5, 60, 100 << 20)).toBe(0);
});

it('tells each span as a gap, one that lasts in pieces', () => {
  const agent = run();
  agent.use(50, 10);
  const fromUs = agent.now();
  agent.use(25, 61);
  expect(agent.budget.takeGaps(agent.now())).toEqual([
    { startUs: fromUs, endUs: agent.now(), reason: 'given-up', lost: 0, detail: 'names that QUIC clients ask for' },
  ]);
  agent.use(5, 40);
  const [gap] = agent.budget.takeGaps(agent.now());
  expect(gap).toMatchObject({ reason: 'given-up', startUs: fromUs + 61 * SECOND });
  agent.use(5, 100);
  expect(agent.budget.takeGaps(agent.now())).toEqual([]);
});

it('tells once a judgement that memory is short, before anything is given up for it', () => {
  const agent = run();
  agent.use(5, 4, 195 << 20);
  expect(agent.budget.isShortOfMemory()).toBe(false);
  agent.use(5, 1, 195 << 20);
  expect([agent.budget.isShortOfMemory(), agent.budget.isShortOfMemory()]).toEqual([true, false]);
  agent.use(5, 5, 210 << 20);
  expect([agent.budget.isShortOfMemory(), agent.budget.givenUp()]).toEqual([true, 0]);
  agent.use(5, 5, 210 << 20);
  expect(agent.budget.givenUp()).toBe(1);
});
