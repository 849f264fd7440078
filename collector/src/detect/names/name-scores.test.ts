import { describe, expect, it } from 'vitest';
import { dgaScore } from './dga.ts';
import { shippedModels } from './shipped-models.ts';
import { tunnelScore } from './tunnel.ts';

const models = shippedModels();
const hex = (length: number) =>
  Array.from({ length }, (_, index) => ((index * 7 + (index >> 2) * 5 + 3) % 16).toString(16)).join('');

describe('generated names', () => {
  it.each([
    'xjwqkzvbtrmpl.biz',
    'kqzvwtxrplmn.ru',
    'a3f9c1e07b52d8466e10f3a9c7d2b581.info',
    'q7zk2m9x4w8v1b6n.top',
    'wvixijsncxypu85k4.ddns.net',
  ])('%s', (name) => {
    expect(dgaScore(models, name)).toBeGreaterThan(0.5);
  });

  it.each([
    'wikipedia.org',
    'postgresql.org',
    'stackoverflow.com',
    'bundesverfassungsgericht.de',
    'universityofcalifornia.edu',
    'd3abcdefgh1234.cloudfront.net',
    'a1b2c3d4e5f60718293a4b5c6d7e8f90.s3.eu-west-1.amazonaws.com',
    'xn--bcher-kva.example',
    'xn--80ak6aa92e.com',
    '4.3.2.1.in-addr.arpa',
    'qwxzkvjhbnmp',
    'qwxzkvjhbnmp.local',
    '2.0.0.127.zen.spamhaus.org',
    'ibm.com',
    'x.com',
  ])('%s is none', (name) => {
    expect(dgaScore(models, name)).toBeLessThan(0.5);
  });
});

describe('tunnelled names', () => {
  it.each([
    `${hex(60)}.${hex(60)}.${hex(40)}.t.example.org`,
    `${hex(34)}.www.example.net`,
    'mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpiydcmrtgq2tmnzyhe.t.example.com',
  ])('%s', (name) => {
    expect(tunnelScore(models, name)).toBeGreaterThan(0.5);
  });

  it.each([
    'www.example.com',
    'example.com',
    'mail.google.com',
    'host-203-0-113-7.dyn.example.net',
    '7.113.0.203.in-addr.arpa',
    '2.0.0.127.zen.spamhaus.org',
    'selector1._domainkey.example.com',
    '_sip._tls.example.com',
    'r3---sn-4g5e6nsz.googlevideo.com',
    'internal-api-prod-1234567890.eu-west-1.elb.amazonaws.com',
    'printer.local',
    'xn--heizlrckstossabdmpfung-g5b33b6e.example.de',
    '_ldap._tcp.54540b4e-6ae9-4836-97b1-0f52ff00a24a.domains._msdcs.corp.example.org',
    'login.intranet.example.org',
  ])('%s is none', (name) => {
    expect(tunnelScore(models, name)).toBeLessThan(0.5);
  });
});

it('any text gets a score from 0 to 1', () => {
  for (const name of [
    '',
    '.',
    '...',
    'a'.repeat(3_000),
    '\0\u{10ffff}.com',
    '-.-',
    'é.è.ê.fr',
    `${'a.'.repeat(500)}com`,
    '\ud800.com',
    '%$#@!.org',
  ]) {
    for (const score of [dgaScore(models, name), tunnelScore(models, name)]) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
  }
});
