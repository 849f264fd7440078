// Each address that this host must not be sent to by others, and what the host's file may open.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../host/portable/address.ts';
import { openGuard, type OwnAddresses, type Use } from './guard.ts';

const none: OwnAddresses = { addresses: [], broadcasts: [] };
const own = { addresses: [parseAddress('203.0.113.5')!], broadcasts: [parseAddress('203.0.113.255')!] };

function refusal(address: string, use: Use, networks: string[] = [], ownAddresses = none): string {
  return openGuard({ networks: () => networks, own: () => ownAddresses }).refusalOf(parseAddress(address)!, use);
}

const special: [address: string, word: string][] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'unspecified'],
  ['169.254.169.254', 'link-local'],
  ['169.254.0.1', 'link-local'],
  ['168.63.129.16', 'metadata'],
  ['100.100.100.200', 'metadata'],
  ['192.0.0.192', 'set aside'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.250', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['240.0.0.1', 'reserved'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['fe80::1', 'link-local'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['fd00:ec2::254', 'metadata'],
  ['64:ff9b:1::1', 'translation'],
  ['100::1', 'discarded'],
];

const embedded: [address: string, leadsTo: string][] = [
  ['::ffff:169.254.169.254', '169.254.169.254'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::127.0.0.1', '127.0.0.1'],
  ['::ffff:0:169.254.169.254', '169.254.169.254'],
  ['64:ff9b::169.254.169.254', '169.254.169.254'],
  ['64:ff9b::7f00:1', '127.0.0.1'],
  ['2002:7f00:1::', '127.0.0.1'],
  ['2002:a9fe:a9fe::1', '169.254.169.254'],
  // Teredo: the client's address stands inverted at the end, the server's as it is at the beginning.
  ['2001:0:4136:e378:8000:63bf:80ff:fffe', '127.0.0.1'],
  ['2001:0:7f00:1:8000:63bf:3fff:fdd2', '127.0.0.1'],
  ['2001:db8::5efe:127.0.0.1', '127.0.0.1'],
  ['2001:db8::200:5efe:a9fe:a9fe', '169.254.169.254'],
];

describe.each(['probe', 'connect', 'scan'] as const)('to %s', (use) => {
  test.each(special)('%s is refused: %s', (address, word) => {
    expect(refusal(address, use)).toContain(word);
    expect(refusal(address, use, ['0.0.0.0/0', '::/0']), 'a file that lists everything').toContain(word);
  });

  test.each(embedded)('%s is refused, since it leads to %s', (address, leadsTo) => {
    expect(refusal(address, use)).toContain(leadsTo);
    expect(refusal(address, use, ['::/0', '0.0.0.0/0'])).toContain(leadsTo);
  });

  test('a broadcast address of this host’s networks is refused', () => {
    expect(refusal('203.0.113.255', use, [], own)).toContain('broadcast');
    expect(refusal('203.0.113.254', 'probe', [], own)).toBe('');
  });
});

test.each([
  ['127.0.0.1', '127.0.0.0/8'],
  ['127.0.0.1', '127.0.0.1/32'],
  ['::1', '::1/128'],
  ['169.254.169.254', '169.254.169.254/32'],
  ['::ffff:127.0.0.1', '127.0.0.0/8'],
  ['fe80::1', 'fe80::/10'],
])('%s may be scanned where the host’s file lists %s', (address, network) => {
  expect(refusal(address, 'scan', [network])).toBe('');
  expect(refusal(address, 'scan', ['10.0.0.0/8'])).not.toBe('');
});

test.each([
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '198.18.0.1',
  'fd12::1',
  '64:ff9b::a00:1',
  '2002:a00:1::',
])('%s of an internal network may be pinged, and connected to only where it is listed', (address) => {
  expect(refusal(address, 'probe')).toBe('');
  expect(refusal(address, 'connect')).toContain('internal network');
  expect(refusal(address, 'scan')).not.toBe('');
  expect(refusal(address, 'connect', ['0.0.0.0/0', '::/0'])).toBe('');
  expect(refusal(address, 'scan', ['0.0.0.0/0', '::/0'])).toBe('');
});

test('a public address may be connected to, and its ports scanned only where it is listed', () => {
  for (const address of ['198.51.100.7', '2001:db8::7', '172.32.0.1', '100.128.0.1']) {
    expect(refusal(address, 'connect')).toBe('');
    expect(refusal(address, 'scan')).toContain('only scanned in networks');
  }
  expect(refusal('198.51.100.7', 'scan', ['198.51.100.0/24'])).toBe('');
  expect(refusal('198.51.101.7', 'scan', ['198.51.100.0/24'])).not.toBe('');
});

test('an address of this host itself counts as internal: behind it may be what is closed to others', () => {
  expect(refusal('203.0.113.5', 'probe', [], own)).toBe('');
  expect(refusal('203.0.113.5', 'connect', [], own)).toContain('this host itself');
  expect(refusal('203.0.113.5', 'connect', ['203.0.113.0/24'], own)).toBe('');
});

test('whatever way an IPv4 address is hidden in an IPv6 one, it is judged as itself', () => {
  const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(bytes, fc.constantFrom<Use>('probe', 'connect'), (inner, use) => {
      const guard = openGuard({ networks: () => [], own: () => none });
      const plain = guard.refusalOf(inner, use);
      const nat64 = Uint8Array.from([0, 0x64, 0xff, 0x9b, ...Array.from({ length: 8 }, () => 0), ...inner]);
      const sixToFour = Uint8Array.from([0x20, 0x02, ...inner, ...Array.from({ length: 10 }, () => 0)]);
      for (const hidden of [nat64, sixToFour]) expect(guard.refusalOf(hidden, use) === '').toBe(plain === '');
    }),
  );
});
