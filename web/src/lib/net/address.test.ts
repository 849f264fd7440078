// Addresses: what is one, how they sort, what lies in a network.
import { describe, expect, it } from 'vitest';
import { addressGroups, addressKey, inNetwork, parseNetwork } from './address.ts';

describe('addressGroups', () => {
  it.each([
    ['10.4.2.17', [0x0a04, 0x0211]],
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['fe80::1', [0xfe80, 0, 0, 0, 0, 0, 0, 1]],
    ['2001:db8:1:2:3:4:5:6', [0x2001, 0xdb8, 1, 2, 3, 4, 5, 6]],
    ['64:ff9b::10.0.0.1', [0x64, 0xff9b, 0, 0, 0, 0, 0x0a00, 1]],
  ])('%s', (text, groups) => expect(addressGroups(text)).toEqual(groups));

  it.each(['', '10.4.2', '10.4.2.256', '1.2.3.4.5', ':::', '1::2::3', 'fe80:1', 'g::1', '1:2:3:4:5:6:7:8:9'])(
    'refuses %j',
    (text) => expect(addressGroups(text)).toBeUndefined(),
  );
});

it('sorts by address, then port, IPv4 first', () => {
  const inOrder = [
    ['9.0.0.1', 9],
    ['10.0.0.1', 2],
    ['10.0.0.1', 10],
    ['255.255.255.255', 1],
    ['::1', 1],
    ['2001:db8::1', 1],
    ['2001:db8::1:0:0:1', 1],
    ['ffff::', 1],
  ] as const;
  const keys = inOrder.map(([address, port]) => addressKey(address, port)!);
  const sorted = keys.toReversed().toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  expect(sorted).toEqual(keys);
});

describe('networks', () => {
  it.each([
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.4.2.17', '10.4.2.17', true],
    ['10.4.2.16/31', '10.4.2.18', false],
    ['10.4.2.99/24', '10.4.2.17', true],
    ['0.0.0.0/0', '255.1.2.3', true],
    ['0.0.0.0/0', '::1', false],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::/0', '10.0.0.1', false],
  ])('%s holds %s: %s', (network, address, expected) =>
    expect(inNetwork(addressKey(address, 443), parseNetwork(network)!)).toBe(expected),
  );

  it.each(['10.0.0.0/33', '10.0.0.0/', 'x', '10.0.0.0/8/8', 'fe80::/129'])('refuses %j', (text) =>
    expect(parseNetwork(text)).toBeUndefined(),
  );
});
