import { expect, test } from 'vitest';
import { addressKind } from './address-kind.ts';

test.each([
  ['8.8.8.8', 'public'],
  ['9.255.255.255', 'public'],
  ['10.0.0.0', 'private'],
  ['100.64.0.1', 'private'],
  ['100.128.0.0', 'public'],
  ['127.255.0.1', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['172.15.255.255', 'public'],
  ['172.31.255.255', 'private'],
  ['172.32.0.0', 'public'],
  ['192.168.1.1', 'private'],
  ['198.19.255.255', 'reserved'],
  ['203.0.113.7', 'reserved'],
  ['224.0.0.251', 'multicast'],
  ['239.255.255.250', 'multicast'],
  ['255.255.255.255', 'reserved'],
  ['0.0.0.0', 'reserved'],
  ['::ffff:10.1.2.3', 'private'],
  ['::ffff:8.8.8.8', 'public'],
  ['::', 'reserved'],
  ['::1', 'loopback'],
  ['fe80::1', 'link-local'],
  ['fd00::1', 'private'],
  ['ff02::fb', 'multicast'],
  ['2001:db8::1', 'reserved'],
  ['2a02:2e0::1', 'public'],
  ['64:ff9b::808:808', 'public'],
  ['4000::1', 'reserved'],
  ['example.org', 'reserved'],
])('%s is %s', (address, kind) => {
  expect(addressKind(address)).toBe(kind);
});
