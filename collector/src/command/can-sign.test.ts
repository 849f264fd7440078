import { refusals, type RosterOperator } from '@foretop/proto/trust';
import { beforeAll, expect, test } from 'vitest';
import { offeredProcess, rosterWith, testSigner, type TestSigner } from '../../test/commandable.ts';
import { testIdentity } from '../../test/test-agent.ts';
import { capabilityOf, whyNot } from './can-sign.ts';

const host = testIdentity();
/** A whole second, as statements have it. */
const signedMs = 1_700_000_000_000;
let alice: TestSigner;
beforeAll(async () => {
  alice = await testSigner();
});

async function why(
  operator: Partial<RosterOperator>,
  more: Partial<Parameters<typeof whyNot>[1]> = {},
  weakestSigner: 'browser' | 'approve' = 'browser',
) {
  const roster = await rosterWith(alice, host, operator, signedMs);
  const named = { thumbprint: host.thumbprint, labels: ['env=prod'] };
  const asks = { name: 'alice', canSign: true, roster, host: named, nowMs: signedMs, ...more };
  return whyNot({ capability: 'terminate', allowed: ['observe', 'terminate'], weakestSigner }, asks);
}

test('a signature of who is in the roster, in scope and strong enough can be expected to be taken', async () => {
  expect(await why({})).toBe('');
  expect(await why({ hosts: { ids: [], labels: ['env=prod'] } })).toBe('');
  expect(await why({ signer: 'approve' }, {}, 'approve')).toBe('');
});

test('otherwise the reason is the one that the host would give', async () => {
  expect(await why({ name: 'bob' })).toBe(refusals['unknown-signer']);
  expect(await why({ capabilities: [] })).toBe(refusals['not-in-scope']);
  expect(await why({ capabilities: ['observe', 'probe'] })).toBe(refusals['not-in-scope']);
  expect(await why({ hosts: { ids: [], labels: [] } })).toBe(refusals['not-in-scope']);
  expect(await why({ hosts: { ids: [], labels: ['env=test'] } })).toBe(refusals['not-in-scope']);
  expect(await why({}, {}, 'approve')).toBe(refusals['signer-too-weak']);
  expect(await why({}, { roster: '' })).toBe(refusals['no-roster']);
  expect(await why({}, { roster: 'a.b.c' })).toBe(refusals['no-roster']);
  expect(await why({}, { nowMs: signedMs + 3_599_999 })).toBe('');
  expect(await why({}, { nowMs: signedMs + 3_600_000 })).toBe(refusals['roster-expired']);
  expect(await why({}, { canSign: false })).toMatch(/token/);
  const nobody = { name: 'alice', canSign: true, roster: '', host: { thumbprint: '', labels: [] }, nowMs: 0 };
  expect(whyNot({ capability: 'terminate', allowed: ['observe'], weakestSigner: 'browser' }, nobody)).toBe(
    refusals['not-allowed'],
  );
});

test('a tool takes the capability that its parameters ask for', () => {
  const runTool = (tool: string, parameters: object) =>
    capabilityOf({ kind: 'run-tool', tool, parameters: JSON.stringify(parameters), addresses: [] });
  const capture = { interface: '', filter: '', maxBytes: 1_000, maxSeconds: 5 };
  expect(runTool('capture', { ...capture, content: 'headers' })).toBe('capture-headers');
  expect(runTool('capture', { ...capture, content: 'payload', recipient: 'A'.repeat(43) })).toBe('capture-payload');
  const http = { url: 'https://example.org', method: 'GET', followRedirects: false };
  expect(runTool('http', http)).toBe('probe');
  expect(capabilityOf({ kind: 'terminate', process: offeredProcess(4711), tree: [] })).toBe('terminate');
});
