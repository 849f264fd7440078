// Thresholds as typed: within their range, and only what differs from the default is stored.
import type { DetectorThreshold } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { chosen, everyOne, faultOf, isChanged, typedOf } from './thresholds.ts';

const ports: DetectorThreshold = {
  name: 'ports',
  value: 20,
  default: 20,
  least: 5,
  most: 1000,
  unit: 'count',
  meaning: 'Ports',
  source: 'measured',
};
const share: DetectorThreshold = {
  ...ports,
  name: 'share',
  value: 700,
  default: 500,
  least: 0,
  most: 1000,
  unit: 'permille',
};

it.each([
  ['20', ''],
  ['5', ''],
  ['1000', ''],
  ['4', 'From 5 to 1,000.'],
  ['1e9', 'From 5 to 1,000.'],
  ['', 'A number is needed.'],
  ['many', 'A number is needed.'],
])('%j: %j', (text, fault) => expect(faultOf(ports, text)).toBe(fault));

it('stores what differs from the defaults, tests with all', () => {
  const typed = { ...typedOf([ports, share]), ports: '40' };
  expect(chosen([ports, share], typed)).toEqual({ ports: 40, share: 700 });
  expect(chosen([ports, share], { ports: '20', share: '500' })).toEqual({});
  expect(everyOne([ports, share], typed)).toEqual({ ports: 40, share: 700 });
  expect([isChanged([ports, share], typed), isChanged([ports, share], typedOf([ports, share]))]).toEqual([true, false]);
});
