// Suppression rules: from a finding, into what the collector takes, and in words.
import type { FindingDetail, FindingOnHost } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { finding, onHost } from './finding.fixture.ts';
import { draftOf, draftOfRule, emptyDraft, hasCondition, ruleOf, ruleWords } from './rule.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const on = { ...onHost(7), executable: '/usr/bin/nmap', process: 'nmap' } as FindingOnHost;

it('from a finding comes the narrowest rule that takes it', () => {
  const draft = draftOf({ finding: finding() } as FindingDetail, on);
  expect(ruleOf({ ...draft, reason: ' our scanner ' }, nowMs, null)).toEqual({
    detector: 'port-scan',
    hostIds: [7],
    labels: [],
    process: '/usr/bin/nmap',
    peer: '203.0.113.7',
    mostSevere: 'high',
    reason: 'our scanner',
    expiresAt: '2026-12-21T12:00:00.000Z',
  });
});

it('what is on several hosts is muted on all of them', () =>
  expect(draftOf({ finding: finding({ hostCount: 3 }) } as FindingDetail, on).hostIds).toEqual([]));

it('a rule that is edited keeps its end unless another one is chosen', () => {
  const rule = ruleOf({ ...emptyDraft(), peer: '10.0.0.0/8', labels: 'prod, site=berlin' }, nowMs, null);
  const draft = draftOfRule(rule);
  expect(ruleOf(draft, nowMs + 5_000, rule.expiresAt)).toEqual(rule);
  expect(ruleOf({ ...draft, expires: '' }, nowMs, rule.expiresAt).expiresAt).toBeNull();
  expect(draftOfRule({ ...rule, expiresAt: null }).expires).toBe('');
});

it('severity alone is no condition', () => {
  expect(hasCondition(ruleOf({ ...emptyDraft(), mostSevere: 'low' }, nowMs, null))).toBe(false);
  expect(hasCondition(ruleOf({ ...emptyDraft(), process: ' ' }, nowMs, null))).toBe(false);
  expect(hasCondition(ruleOf({ ...emptyDraft(), labels: 'prod' }, nowMs, null))).toBe(true);
});

it('reads as a sentence', () => {
  const rule = ruleOf(
    { ...emptyDraft(), detector: 'port-scan', hostIds: [1, 2, 3, 4], peer: '10.0.0.0/8', mostSevere: 'medium' },
    nowMs,
    null,
  );
  expect(
    ruleWords(
      rule,
      () => 'Port scan',
      (id) => `web-${id}`,
    ),
  ).toBe('Port scan, on web-1, web-2, web-3 and 1 more, far end 10.0.0.0/8, up to medium');
});
