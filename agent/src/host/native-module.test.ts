// A placed native module is loaded only if nobody but its owner can have written it and it is the expected one.
import { chmodSync, closeSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nativeModulePath, openPlaced } from './native-module.ts';

const me = process.getuid?.() ?? 0;
const wanted = Buffer.from('the one that the executable carries');
const folder = mkdtempSync(join(tmpdir(), 'foretop-native-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'koffi.node');

function place(content: Uint8Array, mode = 0o644): string {
  rmSync(path, { force: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test('the right file is opened', () => {
  const descriptor = openPlaced(place(wanted), wanted, me);
  expect(descriptor).toBeGreaterThan(0);
  closeSync(descriptor!);
});

test.each([
  ['another content of the same length', Buffer.from(wanted).fill(1), 0o644, me],
  ['a longer content', Buffer.concat([wanted, wanted]), 0o644, me],
  ['a mode that lets the group write', wanted, 0o664, me],
  ['a mode that lets everybody write', wanted, 0o646, me],
  ['another owner', wanted, 0o644, me + 1],
])('%s is not', (_what, content, mode, owner) => {
  expect(openPlaced(place(content, mode), wanted, owner)).toBeUndefined();
});

test('a link is not followed', () => {
  const link = join(folder, 'link');
  symlinkSync(place(wanted), link);
  expect(openPlaced(link, wanted, me)).toBeUndefined();
});

test('it stands beside the program', () => {
  expect(nativeModulePath('/usr/local/bin/foretop-agent')).toBe('/usr/local/lib/foretop-agent/koffi.node');
});
