import { expect, test } from 'vitest';
import { BoundedFlows } from './bounded-flows.ts';

const flow = (name: string, keptBytes = 0) => ({ name, keptBytes });

function open(limit: number, bytes = 1_000) {
  const gone: string[] = [];
  const flows = new BoundedFlows<{ name: string; keptBytes: number }>(
    { flows: limit, bytes, idleUs: 1_000 },
    ({ name }) => gone.push(name),
  );
  return { flows, gone };
}

test('without room those go that were not used for longest, and are counted', () => {
  const { flows, gone } = open(4);
  for (const key of ['a', 'b', 'c', 'd']) flows.set(key, flow(key));
  expect(flows.get('a')?.name).toBe('a');
  flows.set('e', flow('e'));
  expect([gone, flows.evicted]).toEqual([['b'], 1]);
  expect(flows.get('b')).toBeUndefined();
});

test('what was idle goes, and is not counted as lost', () => {
  const { flows, gone } = open(100);
  flows.expire(5_000);
  flows.set('a', flow('a'));
  flows.set('b', flow('b'));
  flows.expire(5_999);
  flows.expire(6_000);
  expect(gone).toEqual([]);
  flows.get('a');
  flows.expire(7_000);
  expect(gone).toEqual(['b']);
  flows.flush();
  expect([gone, flows.evicted]).toEqual([['b', 'a'], 0]);
});

test('never more than the limit, however many come', () => {
  const { flows, gone } = open(64);
  for (let number = 1; number <= 10_000; number++) {
    flows.set(String(number), flow(String(number)));
    expect(number - gone.length).toBeLessThanOrEqual(64);
    expect(number - gone.length).toBeGreaterThanOrEqual(Math.min(number, 32));
  }
  expect([new Set(gone).size, flows.evicted]).toEqual([gone.length, gone.length]);
});

test('never more bytes than the bound, and what is gone does not count', () => {
  const { flows, gone } = open(100, 1_000);
  const kept = ['a', 'b', 'c'].map((name) => flow(name));
  for (const one of kept) flows.set(one.name, one);
  for (const one of kept) {
    one.keptBytes = 400;
    flows.grow(400);
    if (one.name === 'a') flows.delete('a');
  }
  expect(gone).toEqual([]);
  kept[1]!.keptBytes = 800;
  flows.grow(400);
  expect([gone, flows.evicted]).toEqual([['b', 'c'], 2]);
  flows.set('d', flow('d', 1_000));
  flows.grow(0);
  expect(flows.evicted).toBe(2);
});
