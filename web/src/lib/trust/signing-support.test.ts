// Where a browser can sign, by the address of the page.
import { expect, it } from 'vitest';
import { signingSupport, type Place } from './signing-support.ts';

const at = (hostname: string, port: string, more: Partial<Place> = {}): Place => ({
  secure: true,
  hostname,
  host: `${hostname}${port}`,
  hasSubtle: true,
  hasPasskeys: true,
  ...more,
});

it.each([
  ['localhost', at('localhost', ':3900')],
  ['a name by https', at('foretop.example', '')],
])('both ways at %s', (_, place) => expect(signingSupport(place)).toEqual({ browser: '', passkey: '' }));

it.each([
  ['127.0.0.1', at('127.0.0.1', ':3900'), 'http://localhost:3900'],
  ['::1', at('[::1]', ':3900'), 'http://localhost:3900'],
  ['an address by https', at('10.0.0.7', ''), 'by it'],
])('no passkey at %s, but a browser key', (_, place, advice) => {
  const { browser, passkey } = signingSupport(place);
  expect(browser).toBe('');
  expect(passkey).toContain(advice);
});

it('nothing over plain HTTP on a name', () => {
  const { browser, passkey } = signingSupport(
    at('foretop.example', '', { secure: false, hasSubtle: false, hasPasskeys: false }),
  );
  expect(browser).toMatch(/plain HTTP.*https/);
  expect(passkey).toBe(browser);
});

it('says which part an old browser lacks', () => {
  expect(signingSupport(at('localhost', '', { hasSubtle: false })).browser).toContain('WebCrypto');
  expect(signingSupport(at('localhost', '', { hasPasskeys: false })).passkey).toContain('WebAuthn');
});
