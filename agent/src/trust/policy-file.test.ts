// The host's policy is believed only from a file that its owner alone can have written, and only when every word of it is known.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capabilities } from '@foretop/proto/trust';
import { expect, onTestFinished, test } from 'vitest';
import { allowedBy, lowestPolicy, weakestSigner, withheldBy } from './policy.ts';
import { readHostPolicy, readPolicy } from './policy-file.ts';
import { parsePolicy, policyText } from './policy-text.ts';

const me = process.getuid?.() ?? 0;

function file(content: string, mode = 0o644): string {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-policy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ceiling.json');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const whole = {
  allow: 'terminate',
  signer: 'approve',
  labels: ['env=prod', 'site=Graz 2'],
  networks: ['10.0.0.0/8', 'fd00::/8'],
  privacy: { commandLines: false },
  updates: true,
};

test.each(capabilities)('{"allow": "%s"} is a whole policy, as before', (allow) => {
  const path = file(JSON.stringify({ allow }));
  expect(readPolicy(path, [me])).toEqual({ ...lowestPolicy, allow, source: path, exists: true });
});

test('everything that it says is read, and written back alike', () => {
  const policy = parsePolicy(JSON.stringify(whole));
  expect(policy).toMatchObject({ ...whole, privacy: { commandLines: false, dns: true, serverNames: true } });
  expect(parsePolicy(policyText(policy))).toEqual(policy);
  expect(withheldBy(policy)).toEqual(['command-lines']);
});

test('no file is the lowest policy', () => {
  expect(readPolicy('/nonexistent/ceiling.json')).toEqual({ ...lowestPolicy, source: 'no file', exists: false });
});

test.each<[string, string, number, number, string]>([
  ['that others may write', '{"allow":"terminate"}', 0o666, me, 'writable by others'],
  ['that the group may write', '{"allow":"terminate"}', 0o664, me, 'writable by others'],
  ['of another owner', '{"allow":"terminate"}', 0o644, me + 1, `owned by user ${me}`],
  ['that is no JSON', 'terminate', 0o644, me, 'not JSON'],
  ['that says null', 'null', 0o644, me, 'the file holds no object'],
  ['with a level that is not known', '{"allow":"everything"}', 0o644, me, "'allow' is none of"],
  ['without a level', '{}', 0o644, me, "'allow' is none of"],
  ['with a setting that is misspelt', '{"allow":"terminate","signers":"approve"}', 0o644, me, "a setting 'signers'"],
  ['with a signer that is not known', '{"allow":"terminate","signer":"none"}', 0o644, me, "'signer' is none of"],
  ['with a label that is none', '{"allow":"terminate","labels":["*"]}', 0o644, me, "entry 1 of 'labels'"],
  ['with a network that is none', '{"allow":"probe","networks":["10.0.0.0/33"]}', 0o644, me, "entry 1 of 'networks'"],
  ['of a megabyte', `{"allow":"terminate"}${' '.repeat(1 << 20)}`, 0o644, me, 'bytes'],
])('a file %s means observe', (_what, content, mode, owner, why) => {
  const found = readPolicy(file(content, mode), [owner]);
  expect(found).toMatchObject({ allow: 'observe', exists: true });
  expect(found.source).toMatch(/^unsafe: /);
  expect(found.source).toContain(why);
});

test('a link, a folder and a file in a folder of everybody mean observe', () => {
  const path = file('{"allow":"terminate"}');
  symlinkSync(path, `${path}.link`);
  mkdirSync(`${path}.folder`);
  expect(readPolicy(`${path}.link`, [me]).allow).toBe('observe');
  expect(readPolicy(`${path}.folder`, [me]).allow).toBe('observe');
  const folder = join(path, '..');
  chmodSync(folder, 0o777);
  expect(readPolicy(path, [me])).toMatchObject({ allow: 'observe', source: `unsafe: others may write to ${folder}` });
});

test('a file that was named may be of the user who runs the agent', () => {
  expect(readHostPolicy(file('{"allow":"probe"}')).allow).toBe('probe');
});

test('ending and capturing take a passkey, unless the file says otherwise', () => {
  expect(capabilities.map((one) => weakestSigner(lowestPolicy, one))).toEqual([
    'browser',
    'browser',
    'passkey',
    'passkey',
    'passkey',
  ]);
  expect(weakestSigner({ ...lowestPolicy, signer: 'browser' }, 'terminate')).toBe('browser');
  expect(allowedBy({ ...lowestPolicy, allow: 'capture-headers' })).toEqual(['observe', 'probe', 'capture-headers']);
});
