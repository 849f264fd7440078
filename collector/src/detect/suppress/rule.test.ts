import { describe, expect, test } from 'vitest';
import { compileRule, type RuleConditions, type Suppressible } from './rule.ts';

const finding: Suppressible = {
  hostId: 7,
  detector: 'beacon',
  severity: 1,
  peer: 'updates.example.org',
  process: 'curl',
  executable: '/usr/bin/curl',
};
const open: RuleConditions = {
  detector: null,
  hostIds: [],
  labels: [],
  process: null,
  peer: null,
  mostSevere: 3,
  expiresAt: null,
};
const covers = (rule: Partial<RuleConditions>, of: Partial<Suppressible> = {}, labels = ['prod'], nowMs = 0) =>
  compileRule({ ...open, ...rule })({ ...finding, ...of }, labels, nowMs);

test('every condition that is set must hold', () => {
  expect(covers({ detector: 'beacon', hostIds: [7], labels: ['prod', 'lab'] })).toBe(true);
  expect(covers({ detector: 'dga' })).toBe(false);
  expect(covers({ detector: 'beacon', hostIds: [8] })).toBe(false);
  expect(covers({ detector: 'beacon', labels: ['lab'] })).toBe(false);
});

test('a severity above the rule is not covered, nor is anything after its end', () => {
  expect(covers({ mostSevere: 1 })).toBe(true);
  expect(covers({ mostSevere: 1 }, { severity: 2 })).toBe(false);
  expect(covers({ expiresAt: new Date(1_000) }, {}, [], 999)).toBe(true);
  expect(covers({ expiresAt: new Date(1_000) }, {}, [], 1_000)).toBe(false);
});

describe('a process', () => {
  test.each([
    ['curl', true],
    ['cur*', true],
    ['/usr/bin/curl', true],
    ['/usr/*', true],
    ['*curl', true],
    ['url', false],
    ['/usr/bin/cur', false],
    ['/opt/*', false],
    ['c.rl', false],
  ])('%s: %s', (process, expected) => expect(covers({ process })).toBe(expected));

  test('a pattern made to be slow is not', () => {
    const startedMs = performance.now();
    expect(covers({ process: `${'*a'.repeat(120)}b` }, { process: 'a'.repeat(1_024) })).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });

  test('that is not known is covered by no pattern', () => {
    expect(covers({ process: '*' }, { process: '', executable: '' })).toBe(false);
  });
});

describe('a peer', () => {
  test.each([
    ['example.org', 'updates.example.org', true],
    ['example.org', 'example.org', true],
    ['*.example.org', 'updates.EXAMPLE.org', true],
    ['example.org', 'badexample.org', false],
    ['10.0.0.0/8', '10.9.8.7', true],
    ['10.0.0.0/8', '11.9.8.7', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['2001:db8::/32', '2001:db8::9', true],
    ['2001:db8::/32', '10.0.0.1', false],
    ['10.0.0.0/8', '10.example.org', false],
    ['example.org', '', false],
  ])('%s covers %s: %s', (peer, of, expected) => expect(covers({ peer }, { peer: of })).toBe(expected));
});
