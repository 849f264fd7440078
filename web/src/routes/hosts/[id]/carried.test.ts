// Sums over steps: unknown steps are neither zero nor part of the mean.
import { expect, it } from 'vitest';
import { carriedBy } from './carried.ts';

const item = (rxRate: number | null, txRate: number | null) => ({ time: '', rxRate, txRate });

it('means over what was measured', () =>
  expect(carriedBy({ items: [item(10, 2), item(null, null), item(30, 4)], stepSeconds: 60 })).toEqual({
    rxBytes: 2400,
    txBytes: 360,
    rxRate: 20,
    txRate: 3,
  }));

it('nothing known', () => expect(carriedBy({ items: [item(null, 1)], stepSeconds: 1 }).rxBytes).toBeNull());
