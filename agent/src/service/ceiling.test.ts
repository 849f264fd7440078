// The ceiling is believed only from a file that its owner alone can have written.
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ceilings, ceilingText, isAbove, readCeiling } from './ceiling.ts';

const me = process.getuid?.() ?? 0;

function file(content: string, mode = 0o644): string {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-ceiling-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ceiling.json');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test.each(ceilings)('%s is read as it was written', (ceiling) => {
  expect(readCeiling(file(ceilingText(ceiling)), me)).toBe(ceiling);
});

test('no file is no ceiling yet', () => {
  expect(readCeiling('/nonexistent/ceiling.json')).toBeUndefined();
});

test.each([
  ['that others may write', ceilingText('terminate'), 0o666, me],
  ['of another owner', ceilingText('terminate'), 0o644, me + 1],
  ['that is no JSON', 'terminate', 0o644, me],
  ['that says null', 'null', 0o644, me],
  ['with a level that is not known', '{"allow":"everything"}', 0o644, me],
  ['of a megabyte', ceilingText('terminate') + ' '.repeat(1 << 20), 0o644, me],
])('a file %s means observe', (_what, content, mode, owner) => {
  expect(readCeiling(file(content, mode), owner)).toBe('observe');
});

test('a link means observe', () => {
  const path = file(ceilingText('terminate'));
  symlinkSync(path, `${path}.link`);
  expect(readCeiling(`${path}.link`, me)).toBe('observe');
});

test('each level is above those before it', () => {
  expect(isAbove('terminate', 'observe')).toBe(true);
  expect(isAbove('observe', 'observe')).toBe(false);
  expect(isAbove('probe', 'capture-headers')).toBe(false);
});
