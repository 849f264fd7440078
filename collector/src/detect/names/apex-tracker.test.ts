import { describe, expect, it } from 'vitest';
import { ApexTracker, tunnelEvidence } from './apex-tracker.ts';

const query = (below: string, odds: number, more: Partial<Parameters<ApexTracker['add']>[0]> = {}) => ({
  name: `${below}.example.org`,
  apex: 'example.org',
  below,
  odds,
  type: 1,
  queryBytes: 60,
  answerBytes: 100,
  count: 1,
  atUs: 0,
  id: below,
  ...more,
});

describe('ApexTracker', () => {
  it('counts a name once however often it is asked', () => {
    const tracker = new ApexTracker(10, 1e6);
    tracker.add(query('a', 3));
    const totals = tracker.add(query('a', 3, { count: 5 }));
    expect(totals).toMatchObject({
      queries: 6,
      distinct: 1,
      oddsSum: 3,
      encoded: 1,
      queryBytes: 360,
      answerBytes: 600,
    });
  });

  it('begins anew after a pause, and forgets the zone unused for longest', () => {
    const tracker = new ApexTracker(2, 1e6);
    tracker.add(query('a', 0.9));
    expect(tracker.add(query('b', 0.9, { atUs: 3e6 }))).toMatchObject({ distinct: 1, firstUs: 3e6 });
    tracker.add(query('a', 1, { apex: 'two' }));
    tracker.add(query('a', 1, { apex: 'three' }));
    expect([tracker.has('example.org'), tracker.has('two'), tracker.has('three')]).toEqual([false, true, true]);
  });

  it('goes on from what was saved', () => {
    const tracker = new ApexTracker(10, 1e6);
    for (let index = 0; index < 30; index += 1) tracker.add(query(`n${index}`, 0.8));
    const again = new ApexTracker(10, 1e6);
    for (const totals of JSON.parse(JSON.stringify(tracker.top(5)))) again.put(totals);
    expect(again.add(query('new', 0.8))).toMatchObject({ distinct: 31, queries: 31 });
  });
});

describe('tunnelEvidence', () => {
  const evidence = (names: number, odds: number, changes: Partial<Parameters<ApexTracker['add']>[0]> = {}) => {
    const tracker = new ApexTracker(10, 1e9);
    let totals = tracker.add(query('first', odds, changes));
    for (let index = 1; index < names; index += 1) totals = tracker.add(query(`n${index}`, odds, changes));
    return tunnelEvidence(totals, 20);
  };

  it('needs names, encoding and freshness', () => {
    expect(evidence(50, 4)).toBeGreaterThan(0.9);
    expect(evidence(20, 3)).toBeGreaterThan(0.5);
    expect(evidence(9, 6)).toBe(0);
    expect(evidence(250, -7)).toBeLessThan(0.1);
    expect(evidence(50, 4, { count: 20 })).toBeLessThan(0.3);
  });

  it('short names need more of them, or types that carry data', () => {
    expect(evidence(30, -3.3)).toBeLessThan(0.2);
    expect(evidence(120, -3.2)).toBeGreaterThan(0.5);
    expect(evidence(50, -3.3, { type: 25 })).toBeGreaterThan(0.5);
  });

  it('one name does not outvote the others', () => {
    const tracker = new ApexTracker(10, 1e9);
    let totals = tracker.add(query('first', 1e9));
    for (let index = 1; index < 60; index += 1) totals = tracker.add(query(`n${index}`, -8));
    expect(tunnelEvidence(totals, 20)).toBeLessThan(0.1);
  });
});
