// Key, token and data directory: what is refused, and that what is kept is private.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { enrolmentToken, fakeCollectorId } from '../../test/fake-collector.ts';
import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { lockFile } from '../host/file-lock.linux.ts';
import { openDataDirectory, replaceFile } from './data-directory.ts';
import { openEnrolment, parseEnrolmentToken } from './enrolment.ts';
import { openIdentity } from './identity.ts';

describe('identity', () => {
  it('is made once, stays the same, and is private', async () => {
    using temporary = temporaryDirectory();
    const path = join(temporary.path, 'agent-key.json');
    const first = await openIdentity(path);
    expect(first.publicKey).toHaveLength(32);
    expect(first.thumbprint).toMatch(/^[\w-]{43}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await openIdentity(path)).thumbprint).toBe(first.thumbprint);
    expect(readdirSync(temporary.path)).toEqual(['agent-key.json']);
  });

  it('is refused when others may read it or when it is no key', async () => {
    using temporary = temporaryDirectory();
    const path = join(temporary.path, 'agent-key.json');
    await openIdentity(path);
    chmodSync(path, 0o644);
    await expect(openIdentity(path)).rejects.toThrow('mode 644');
    for (const content of ['', '{', '{}', '{"kty":"OKP","crv":"X25519"}', 'null']) {
      replaceFile(path, content);
      await expect(openIdentity(path)).rejects.toThrow('does not hold an Ed25519 private key');
    }
  });
});

describe('enrolment token', () => {
  it('names its collector', () => {
    expect(parseEnrolmentToken(` ${enrolmentToken()}\n`).collectorId).toBe(fakeCollectorId);
  });

  const encode = (content: string) => `fte1_${Buffer.from(content).toString('base64url')}`;
  const key = 'A'.repeat(43);

  it('names the keys to pin, if the collector has any', () => {
    expect(parseEnrolmentToken(enrolmentToken()).pins).toBeUndefined();
    const pinning = { c: 'one', s: 'x', o: key, r: key, n: 1_763_000_000 };
    const pins = { owner: key, recovery: key, ownerSerial: 1_763_000_000 };
    expect(parseEnrolmentToken(encode(JSON.stringify(pinning))).pins).toEqual(pins);
    const owner = { ...pinning, r: undefined, n: undefined };
    expect(parseEnrolmentToken(encode(JSON.stringify(owner))).pins).toEqual({
      ...pins,
      recovery: undefined,
      ownerSerial: 0,
    });
  });

  it.each([
    ['', 'is empty'],
    ['abc', "does not start with 'fte1_'"],
    ['fte1_', 'damaged or incomplete'],
    [enrolmentToken().slice(0, -20), 'damaged or incomplete'],
    [encode('[]'), 'damaged or incomplete'],
    [encode('{"c":5,"s":"x"}'), 'damaged or incomplete'],
    [encode('{"c":"","s":"x"}'), 'damaged or incomplete'],
    [encode('{"c":"one","s":"x","o":"short"}'), 'damaged or incomplete'],
    [encode(`{"c":"one","s":"x","o":"${key}","r":5}`), 'damaged or incomplete'],
    [encode(`{"c":"one","s":"x","r":"${key}"}`), 'damaged or incomplete'],
    [encode(`{"c":"one","s":"x","o":"${key}","n":-1}`), 'damaged or incomplete'],
    [`fte1_${'A'.repeat(2_000)}`, 'at most 1024'],
  ])('%j is refused', (text, message) => {
    expect(() => parseEnrolmentToken(text)).toThrow(message);
  });
});

describe('enrolment', () => {
  it('needs a token once, pins the collector, and refuses a token for another', () => {
    using temporary = temporaryDirectory();
    const path = join(temporary.path, 'enrolment.json');
    expect(() => openEnrolment(path, undefined)).toThrow('foretop enrol-token create');
    let spent = 0;
    const enrolment = openEnrolment(path, { ...parseEnrolmentToken(enrolmentToken('one')), spent: () => spent++ });
    expect(enrolment.token()).toBeDefined();
    enrolment.welcomed(4);
    expect(enrolment.token()).toBeUndefined();
    enrolment.welcomed(4);
    expect(spent).toBe(1);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ collectorId: 'one', hostId: 4 });
    expect(openEnrolment(path, undefined)).toMatchObject({ collectorId: 'one' });
    expect(() => openEnrolment(path, parseEnrolmentToken(enrolmentToken('two')))).toThrow("the token is for 'two'");
  });
});

describe('data directory', () => {
  it('is made private and used by one agent at a time', () => {
    using temporary = temporaryDirectory();
    const path = join(temporary.path, 'a', 'b');
    const first = openDataDirectory(path, lockFile);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(() => openDataDirectory(path, lockFile)).toThrow(`Another foretop-agent uses the data directory '${path}'`);
    first[Symbol.dispose]();
    openDataDirectory(path, lockFile)[Symbol.dispose]();
  });

  it('is refused when others may write to it or when it is a file', () => {
    using temporary = temporaryDirectory();
    const open = join(temporary.path, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect(() => openDataDirectory(open, lockFile)).toThrow('Other users may write');
    const file = join(temporary.path, 'file');
    writeFileSync(file, '');
    expect(() => openDataDirectory(file, lockFile)).toThrow('cannot be used');
  });
});
