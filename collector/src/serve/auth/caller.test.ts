// Which network somebody comes from, and whose word for it is taken.
import { describe, expect, test } from 'vitest';
import { createCallers, type IncomingRequest, networkOf } from './caller.ts';

const request = (remoteAddress: string, headers: Record<string, string> = {}): IncomingRequest =>
  ({ socket: { remoteAddress }, headers: { host: 'foretop.example', ...headers } }) as IncomingRequest;

test.each([
  ['192.0.2.77', '192.0.2.0/24'],
  ['2001:db8:1:2345:6:7:8:9', '2001:db8:1:2300::/56'],
  ['2001:db8::1', '2001:db8:0:0::/56'],
  ['::1', '0:0:0:0::/56'],
  ['fe80::1', 'fe80:0:0:0::/56'],
  ['nonsense', 'unknown'],
  ['', 'unknown'],
])('%s is in %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe('behind a proxy', () => {
  const callers = createCallers(['10.0.0.5', '10.9.0.0/16', 'fd00::/64']);
  const network = (from: string, forwarded: string) =>
    callers.of(request(from, { 'x-forwarded-for': forwarded })).network;

  test('the client is who stands before the last proxy of ours', () => {
    expect(network('10.0.0.5', '198.51.100.7')).toBe('198.51.100.0/24');
    expect(network('::ffff:10.0.0.5', '198.51.100.7, 10.9.3.4')).toBe('198.51.100.0/24');
    expect(network('fd00::1', '2001:db8::7')).toBe('2001:db8:0:0::/56');
  });

  test('what a client writes itself is not believed', () => {
    expect(network('10.0.0.5', '1.2.3.4, 198.51.100.7')).toBe('198.51.100.0/24');
    expect(network('192.0.2.9', '1.2.3.4')).toBe('192.0.2.0/24');
    expect(network('10.0.0.5', `${'1.2.3.4, '.repeat(500)}198.51.100.7`)).toBe('198.51.100.0/24');
    expect(network('10.0.0.5', 'evil')).toBe('unknown');
  });

  test('a proxy that tells nothing is the client', () => {
    expect(callers.of(request('10.0.0.5')).network).toBe('10.0.0.0/24');
  });

  test('who comes past the proxy is refused, this machine is not', () => {
    expect(callers.fault(request('192.0.2.9'))).toMatchObject({ code: 'proxy-bypassed' });
    for (const address of ['10.0.0.5', '::ffff:10.9.1.1', '127.0.0.1', '::1', 'fd00::9'])
      expect(callers.fault(request(address))).toBeUndefined();
  });
});

describe('without one', () => {
  const callers = createCallers([]);

  test('nobody is refused, and no header is believed', () => {
    expect(callers.fault(request('192.0.2.9'))).toBeUndefined();
    expect(callers.of(request('192.0.2.9', { 'x-forwarded-for': '1.2.3.4' })).network).toBe('192.0.2.0/24');
  });

  test('this machine is named, unless something on it passed the request on', () => {
    const host = { host: 'localhost:8420' };
    expect(callers.of(request('127.0.0.1', host)).network).toBe('this machine');
    expect(callers.of(request('::1', host)).network).toBe('this machine');
    expect(callers.of(request('127.0.0.1', { ...host, via: '1.1 x' })).network).toBe('127.0.0.0/24');
  });

  test('what a browser calls itself is cut', () => {
    expect(callers.of(request('192.0.2.9', { 'user-agent': 'x'.repeat(5_000) })).userAgent).toHaveLength(200);
  });
});
