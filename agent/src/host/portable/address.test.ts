// Addresses as tools print them.
import fc from 'fast-check';
import { formatAddress } from '@foretop/proto';
import { describe, expect, it } from 'vitest';
import { parseAddress, parseEndpoint, parsePort } from './address.ts';

describe('parseAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%lo0', 'fe80::1'],
    ['fe80::1%12', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ])('%s is %s', (text, shown) => expect(formatAddress(parseAddress(text)!)).toBe(shown));

  it.each(['', '*', '1.2.3', '256.1.1.1', ':::', '1::2::3', 'host.example', '12345::', '[::1'])('%j is none', (text) =>
    expect(parseAddress(text)).toBeUndefined(),
  );

  it('reads what formatAddress writes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), { minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (address) => {
        const text = formatAddress(Uint8Array.from(address));
        expect(formatAddress(parseAddress(text)!)).toBe(text);
      }),
    );
  });
});

describe('parseEndpoint', () => {
  it.each([
    ['*.22', '.', '', 22],
    ['*.*', '.', '', 0],
    ['::1.3000', '.', '::1', 3000],
    ['fe80::1%lo0.22', '.', 'fe80::1', 22],
    ['[::]:0', ':', '::', 0],
    ['*:*', ':', '', 0],
    ['192.0.2.1:65535', ':', '192.0.2.1', 65_535],
  ] as const)('%s', (text, separator, address, port) => {
    const endpoint = parseEndpoint(text, separator)!;
    expect([formatAddress(endpoint.address), endpoint.port]).toEqual([address, port]);
  });

  it.each(['', '22', '192.0.2.1:65536', '192.0.2.1:http', ':22', '192.0.2.1:-1'])('%j is none', (text) =>
    expect(parseEndpoint(text, ':')).toBeUndefined(),
  );

  it('ports', () =>
    expect([parsePort('0'), parsePort('*'), parsePort('080'), parsePort('1e3')]).toEqual([0, 0, 80, undefined]));
});
