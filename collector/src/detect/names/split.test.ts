import { describe, expect, it } from 'vitest';
import { normaliseName, splitName } from './split.ts';
import { suffixOf } from './suffixes.ts';

describe('splitName', () => {
  it.each([
    ['www.example.co.uk', 'example', 'co.uk', 'www'],
    ['example.com', 'example', 'com', ''],
    ['a.b.qwxyzk.ddns.net', 'qwxyzk', 'ddns.net', 'a.b'],
    ['d111111abcdef8.cloudfront.net', 'cloudfront', 'net', 'd111111abcdef8'],
    ['shop.sa.com', 'shop', 'sa.com', ''],
    ['name.bazar', 'name', 'bazar', ''],
    ['_dmarc.example.org', 'example', 'org', '_dmarc'],
  ])('%s', (name, label, suffix, below) => {
    expect(splitName(name)).toMatchObject({ label, suffix, below, registrable: `${label}.${suffix}` });
  });

  it.each([
    'localhost',
    'com',
    'ddns.net.local',
    '4.3.2.1.in-addr.arpa',
    'printer._ipp._tcp.local',
    '192.0.2.1',
    '',
    '.',
    'host.lan',
    'co.uk',
    '..',
  ])('nothing was registered in "%s"', (name) => {
    expect(splitName(name)).toBeUndefined();
  });

  it('a provider of dynamic names is itself a registered name', () => {
    expect(splitName('ddns.net')).toMatchObject({ label: 'ddns', suffix: 'net', dynamic: false });
    expect(splitName('host.ddns.net')).toMatchObject({ dynamic: true });
  });
});

it('normaliseName: lower case, no final dots, bounded', () => {
  expect(normaliseName('WWW.Example.COM..')).toBe('www.example.com');
  expect(normaliseName('a'.repeat(5_000))).toHaveLength(1_024);
});

it('suffixOf gives the longest suffix of the kind', () => {
  expect(suffixOf('reputation', '2.0.0.127.zen.spamhaus.org')).toBe('spamhaus.org');
  expect(suffixOf('infrastructure', 'x.oca.nflxvideo.net')).toBe('oca.nflxvideo.net');
  expect(suffixOf('infrastructure', 'amazonaws.com')).toBeUndefined();
});
