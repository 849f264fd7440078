// Detectors of names, over questions that are made up: malware, tunnels, and the innocent that look like them.
import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { aProcess, aQuestion, monday, runDetector, seededRandom } from '../../../test/observations.ts';
import type { DnsObservation } from '../observation.ts';
import { dga } from './dga.ts';
import { dnsTunnel } from './dns-tunnel.ts';
import { nxdomainBurst } from './nxdomain-burst.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz';
const hex = '0123456789abcdef';
const random = seededRandom(1);
const run = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join('');
const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index));
const process = aProcess({ comm: 'svchost' });
const missing = { rcode: 3, addresses: [] };
const found = { rcode: 0, addresses: ['198.51.100.7'] };

function ask(
  detector: typeof dga | typeof dnsTunnel | typeof nxdomainBurst,
  names: readonly string[],
  changes: Partial<DnsObservation> = {},
  spacing = 1,
) {
  const running = runDetector<string>(detector);
  for (const [index, name] of names.entries()) {
    running.run.observe(aQuestion(monday + index * spacing, { name, process, ...changes }));
    running.run.advance((monday + index * spacing) * 1e6);
  }
  return running;
}

const generated = many(40, () => `${run(letters, 14)}.${['com', 'net', 'biz', 'ru'][Math.floor(random() * 4)]}`);
const words =
  'river stone bridge garden window silver market forest winter summer orange paper coffee mountain school street doctor letter music'.split(
    ' ',
  );
const pick = () => words[Math.floor(random() * words.length)];
const ordinary = many(40, (index) => `${pick()}${pick()}${index}.com`);

describe('generated names', () => {
  it('are found after a handful that do not exist', () => {
    const { findings } = ask(dga, generated.slice(0, 7), missing);
    expect(findings()).toMatchObject([{ host: '1', key: ['svchost'], process: 'svchost' }]);
    expect(ask(dga, generated, missing).findings()).toMatchObject([{ severity: 'high' }]);
  });

  it('are not found among names of words, nor where so many hosts ask for them', () => {
    expect(ask(dga, ordinary, missing).findings()).toEqual([]);
    const widespread = runDetector(dga, { prevalence: () => ({ hosts: 40, fleet: 100 }) });
    for (const [index, name] of generated.entries())
      widespread.run.observe(aQuestion(monday + index, { name, ...missing }));
    expect(widespread.findings()).toEqual([]);
  });

  it.each([
    ['hosts of a content network', () => `${run(`${letters}0123456789`, 14)}.cloudfront.net`],
    ['random hosts with which browsers probe', () => run(letters, 10)],
    ['the same with a search suffix', () => `${run(letters, 10)}.corp.example.com`],
    ['reverse lookups', () => `${Math.floor(random() * 255)}.2.0.192.in-addr.arpa`],
    ['block lists', () => `${Math.floor(random() * 255)}.2.0.192.zen.spamhaus.org`],
    ['hashes below one name', () => `${run(hex, 32)}.assets.example.com`],
    ['mDNS', () => `${run(letters, 14)}.local`],
  ])('nor in %s', (_, make) => {
    const names = many(60, make);
    expect(ask(dga, names, missing).findings()).toEqual([]);
    expect(ask(nxdomainBurst, names, missing).findings()).toEqual([]);
  });

  it('and never more often than it grows', () => {
    expect(ask(dga, generated, missing).told.length).toBeLessThan(10);
  });
});

describe('missing names', () => {
  it('are high where they look generated', () => {
    expect(ask(nxdomainBurst, generated, missing).findings()).toMatchObject([{ severity: 'high', key: ['svchost'] }]);
  });

  it('are low where they are words and other names resolve, and nothing where the resolver is dead', () => {
    const running = runDetector(nxdomainBurst);
    for (const [index, name] of ordinary.entries()) {
      running.run.observe(aQuestion(monday + index, { name, process, ...(index < 5 ? found : missing) }));
    }
    expect(running.findings()).toMatchObject([{ severity: 'low' }]);
    expect(ask(nxdomainBurst, ordinary, missing).findings()).toEqual([]);
  });

  it('are medium where each could be a brand, but nobody makes up so many', () => {
    const spelt = { c: 'bcdfghklmnprstvz', v: 'aeiou' };
    const syllables = many(
      40,
      () => `${'cvccvccv'.replaceAll(/[cv]/g, (kind) => run(spelt[kind as 'c' | 'v'], 1))}.com`,
    );
    const [finding] = ask(nxdomainBurst, syllables, missing).findings();
    expect(finding).toMatchObject({ severity: 'medium' });
    const share = finding?.evidence.find(({ label }) => label === 'Of the missing, generated')?.value;
    expect(share).toBeLessThan(200);
  });

  it('do not count slowly, nor in a crawler that meets them now and then', () => {
    expect(ask(nxdomainBurst, generated, missing, 120).findings()).toEqual([]);
    const crawler = runDetector(nxdomainBurst);
    for (let index = 0; index < 300; index++) {
      const name = `${pick()}${pick()}${index}.org`;
      crawler.run.observe(aQuestion(monday + index, { name, process, ...(index % 8 === 0 ? missing : found) }));
    }
    expect(crawler.findings()).toEqual([]);
  });
});

describe('tunnels', () => {
  const tunnel = (below: () => string) => many(50, () => `${below()}.t.example.org`);

  it.each([
    ['hexadecimal, long', () => `${run(hex, 60)}.${run(hex, 60)}.${run(hex, 50)}`],
    ['hexadecimal, short', () => run(hex, 34)],
    ['base 32', () => `${run(`${letters}234567`, 60)}.${run(`${letters}234567`, 40)}`],
    ['base 64', () => `${run(`${letters}0123456789+-`, 57)}`],
    ['with a counter', () => `${Math.floor(random() * 1_000)}.${run(`${letters}0123456789`, 45)}`],
  ])('by the 50th query: %s', (_, below) => {
    const { findings } = ask(dnsTunnel, tunnel(below), { type: 16 });
    expect(findings()).toMatchObject([
      { host: '1', key: ['svchost', 'example.org'], peer: 'example.org', severity: 'high' },
    ]);
  });

  it('are critical once they moved much', () => {
    const { findings } = ask(
      dnsTunnel,
      many(400, () => `${run(hex, 60)}.${run(hex, 60)}.example.org`),
      { queryBytes: 200, answerBytes: 3_000 },
    );
    expect(findings()).toMatchObject([{ severity: 'critical' }]);
  });

  it('are seen in one name that a file begins in, and stay one finding', () => {
    const stolen = gzipSync(Buffer.from('quarterly figures, not for anybody else'));
    const name = `${stolen.toString('hex').slice(0, 60)}.t.example.org`;
    const { findings } = ask(dnsTunnel, [name]);
    expect(findings()).toMatchObject([
      { severity: 'medium', key: ['svchost', 'example.org'], summary: expect.stringContaining('gzip') },
    ]);
    const all = ask(dnsTunnel, [name, ...tunnel(() => run(hex, 60))]).findings();
    expect(all).toMatchObject([{ severity: 'high', summary: expect.stringContaining('encoded names') }]);
  });

  it('are kept apart by who asks a resolver', () => {
    const { findings } = ask(
      dnsTunnel,
      tunnel(() => run(hex, 50)),
      { role: 'server', process: undefined, peer: { address: '10.0.0.9', port: 5353 } },
    );
    expect(findings()).toMatchObject([{ key: ['10.0.0.9', 'example.org'] }]);
  });

  it.each([
    ['block lists', () => `${many(4, () => String(Math.floor(random() * 255))).join('.')}.zen.spamhaus.org`],
    ['a virus scanner', () => `${run(`${letters}234567`, 50)}.${run(letters, 20)}.avts.mcafee.com`],
    ['clouds', () => `${run(hex, 32)}.eu-west-1.elb.amazonaws.com`],
    ['reverse lookups of IPv6', () => `${many(32, () => run(hex, 1)).join('.')}.ip6.arpa`],
    ['mDNS instances', () => `${run(hex, 32)}._tcp.local`],
    [
      'hosts with addresses',
      () => `host-${many(4, () => String(Math.floor(random() * 255))).join('-')}.dyn.example.net`,
    ],
    ['DKIM selectors', () => `selector${Math.floor(random() * 9)}._domainkey.${pick()}.example.net`],
    ['ordinary hosts', () => `${pick()}-${pick()}-${Math.floor(random() * 99)}.example.net`],
  ])('are not %s', (_, make) => {
    expect(ask(dnsTunnel, many(200, make), { type: 16 }).findings()).toEqual([]);
  });

  it('are not one name asked again and again', () => {
    const name = `${run(hex, 60)}.example.org`;
    expect(
      ask(
        dnsTunnel,
        many(500, () => name),
      ).findings(),
    ).toEqual([]);
  });

  it('go on over a restart', () => {
    const names = tunnel(() => run(hex, 50));
    const first = ask(dnsTunnel, names.slice(0, 8));
    expect(first.findings()).toEqual([]);
    const second = runDetector(dnsTunnel);
    second.run.restore('1', JSON.parse(JSON.stringify(first.run.save('1'))));
    second.run.restore('1', { nonsense: true });
    second.run.restore('1', [null, 7, { apex: 1 }]);
    for (const [index, name] of names.slice(8, 30).entries())
      second.run.observe(aQuestion(monday + 60 + index, { name, process }));
    expect(second.findings()).toHaveLength(1);
    second.run.forget('1');
    expect(second.run.save('1')).toBeUndefined();
  });
});

it.each([
  ['generated names', dga, generated.slice(0, 7)],
  ['missing names', nxdomainBurst, generated.slice(0, 26)],
] as const)('%s from before a restart count', (_, detector, names) => {
  const half = Math.ceil(names.length / 2);
  const before = ask(detector, names.slice(0, half), missing);
  expect(before.findings()).toEqual([]);
  const after = runDetector<string>(detector);
  after.run.restore('1', JSON.parse(JSON.stringify(before.run.save('1'))));
  for (const [index, name] of names.slice(half).entries())
    after.run.observe(aQuestion(monday + half + index, { name, process, ...missing }));
  expect(after.findings()).toHaveLength(1);
  expect(() => after.run.restore('1', [null, ['x'], ['y', 1, 1, 1, [null, ['z']]]])).not.toThrow();
});
