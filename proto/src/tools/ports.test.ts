// Ports and endpoints as people write them, and addresses told from names.
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endpointOf, isIpv4, isIpv6, portsOf } from './ports.ts';

test.each([
  ['22', [22]],
  ['80,22,80', [22, 80]],
  [' 1-3 , 2-4', [1, 2, 3, 4]],
  ['65535', [65_535]],
  ['', []],
  ['1-', []],
  ['a', []],
  ['70000', []],
])('ports %j', (text, ports) => {
  expect(portsOf(text)).toEqual(ports);
});

test.each([
  ['192.0.2.1', { address: '192.0.2.1', port: 0 }],
  ['192.0.2.1:5353', { address: '192.0.2.1', port: 5_353 }],
  ['2001:db8::1', { address: '2001:db8::1', port: 0 }],
  ['[2001:db8::1]:53', { address: '2001:db8::1', port: 53 }],
  ['[2001:db8::1]', { address: '2001:db8::1', port: 0 }],
  ['[192.0.2.1]:53', undefined],
  ['2001:db8::1:::53', undefined],
  ['example.com:53', undefined],
  ['192.0.2.1:', undefined],
])('endpoint %j', (text, endpoint) => {
  expect(endpointOf(text)).toEqual(endpoint);
});

test('addresses are those that Node takes for some, but for zones', () => {
  const part = fc.constantFrom('0', '1', 'ff', '10', '255', '256', '01', ':', '::', '.', '1.2.3.4', 'g', 'ffff');
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect([text, isIpv4(text), isIpv6(text)]).toEqual([text, isIPv4(text), isIPv6(text)]);
    }),
    { numRuns: 5_000 },
  );
});
