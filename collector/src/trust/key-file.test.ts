// Key files: private, never replaced, sealed if wanted, and refused when they are anything else.
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKeyFile, newKeyPair, readKeyFile } from './key-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foretop-keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a key is read back, from a file of mode 600 that is never replaced', async () => {
  const path = join(folder, 'plain.json');
  const key = await newKeyPair();
  expect(await createKeyFile(path, 'owner', key)).toBe(true);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await createKeyFile(path, 'owner', await newKeyPair())).toBe(false);
  expect((await readKeyFile(path, 'owner'))!.thumbprint).toBe(key.thumbprint);
  expect(await readKeyFile(join(folder, 'none.json'), 'owner')).toBeUndefined();
});

test('one for something else, one that others may read, and one that is damaged are refused', async () => {
  const path = join(folder, 'spoilt.json');
  await createKeyFile(path, 'recovery', await newKeyPair());
  await expect(readKeyFile(path, 'owner')).rejects.toThrow('does not hold a key of the kind "owner key"');
  await chmod(path, 0o640);
  await expect(readKeyFile(path, 'recovery')).rejects.toThrow('mode 640');
  await chmod(path, 0o600);
  const good = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  const other = await newKeyPair();
  for (const bad of [
    '',
    'x',
    'null',
    '{}',
    JSON.stringify({ ...good, x: other.jwk.x }),
    JSON.stringify({ ...good, d: 'AAAA' }),
    JSON.stringify({ ...good, d: undefined }),
  ]) {
    await writeFile(path, bad);
    await expect(readKeyFile(path, 'recovery')).rejects.toMatchObject({ code: 'key-file' });
  }
});

test('a sealed key shows nothing of itself and opens with its passphrase only', async () => {
  const path = join(folder, 'sealed.json');
  const key = await newKeyPair();
  await createKeyFile(path, 'approve', key, 'correct horse');
  const text = await readFile(path, 'utf8');
  expect(text).not.toContain(String(key.privateKey.export({ format: 'jwk' }).d));
  const opened = await readKeyFile(path, 'approve', () => Promise.resolve('correct horse'));
  expect(opened!.privateKey.equals(key.privateKey)).toBe(true);
  await expect(readKeyFile(path, 'approve', () => Promise.resolve('wrong horse'))).rejects.toMatchObject({
    code: 'passphrase',
  });
  await expect(readKeyFile(path, 'approve')).rejects.toMatchObject({ code: 'passphrase' });
  const spoilt = JSON.parse(text) as { sealed: { cost: number; text: string } };
  await writeFile(path, JSON.stringify({ ...spoilt, sealed: { ...spoilt.sealed, cost: 2 ** 30 } }));
  await expect(readKeyFile(path, 'approve', () => Promise.resolve('correct horse'))).rejects.toMatchObject({
    code: 'passphrase',
  });
});
