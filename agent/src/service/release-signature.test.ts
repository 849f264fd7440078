// A release's list of checksums: signed by the key that was built in, or refused.
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { verifyRelease } from './release-signature.ts';
import { compareVersions } from './version.ts';

const folder = mkdtempSync(join(tmpdir(), 'foretop-signature-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
const sums = Buffer.from(`${'0'.repeat(64)}  foretop-agent-linux-x64.gz\n`);
const right = sign(null, sums, privateKey);

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const check =
  (content: Uint8Array, signature: Uint8Array, trusted = key) =>
  () =>
    verifyRelease(file('sums', content), file('sums.sig', signature), trusted);

test('the right signature is taken', () => {
  expect(check(sums, right)).not.toThrow();
});

test.each([
  ['a changed list', Buffer.concat([sums, Buffer.from('\n')]), right],
  ['a changed signature', sums, Buffer.from(right.map((byte, index) => (index === 5 ? byte ^ 1 : byte)))],
  ['a longer signature', sums, Buffer.concat([right, Buffer.alloc(1)])],
  ['no signature', sums, Buffer.alloc(0)],
  ['a list of a megabyte', Buffer.alloc(1 << 20), right],
])('%s is refused', (_what, content, signature) => {
  expect(check(content, signature)).toThrow(/is not signed|more than/);
});

test('the signature of another key is refused', () => {
  const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  expect(check(sums, right, Buffer.from(other))).toThrow(/is not signed/);
});

test('a file that is not there is named', () => {
  expect(() => verifyRelease('/nonexistent', '/nonexistent', key)).toThrow(/'\/nonexistent' cannot be read/);
});

test.each([
  ['1.2.3', '1.2.3', 0],
  ['1.2.10', '1.2.9', 1],
  ['1.10.0', '1.9.9', 1],
  ['0.9.9', '1.0.0', -1],
])('%s against %s', (one, other, sense) => {
  expect(Math.sign(compareVersions(one, other))).toBe(sense);
});
